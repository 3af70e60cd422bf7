#pragma once
#include "event.h"

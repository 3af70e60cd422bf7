#pragma once
#include "event.h"

#include "lab_node.h"
#include "lab_packet.h"
#include "lab_stub.h"
#include "lab_system.h"
#include "lab_trace.h"
#include "lab_world.h"

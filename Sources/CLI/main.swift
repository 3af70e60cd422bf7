print("polygraph")

"""What compliance-service does, one unit of work each."""

"""The Lambda function that people usually write for this, to be measured beside ours."""

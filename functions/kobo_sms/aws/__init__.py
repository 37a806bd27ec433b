"""The AWS services that more than one room uses: DynamoDB, SQS, and how their clients keep connections."""

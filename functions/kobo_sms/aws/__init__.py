"""The AWS services that more than one room uses: DynamoDB and SQS."""

"""Puts into an AWS, as far as moto is one, what the functions find in the sandbox's: the secret of the public organization,
that of testorg's robot, the ledger, and a zip in the upload bucket. seed_aws.py ENDPOINT ZIP"""
import json
import sys

import boto3

from lambda_cases import token

endpoint, operator = sys.argv[1:]


def client(service):
    return boto3.client(service, endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="test",
                        aws_secret_access_key="test")


for organization, secret in (("public", {"oauth_token": "public-oauth-token"}), ("testorg", {"quay_token": token("testorg")})):
    print(client("secretsmanager").create_secret(Name=f"omps/{organization}", SecretString=json.dumps(secret))["Name"])
# `sam local` takes a resource's name in the template for what it refers to.
client("dynamodb").create_table(
    TableName="LedgerTable", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
s3 = client("s3")
s3.create_bucket(Bucket="omps-uploads", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
s3.upload_file(operator, "omps-uploads", "v2/testorg/zipfile/larder operator.zip")

"""Puts the secret of the sandbox's public organization into a Secrets Manager: seed_secrets.py ENDPOINT"""
import json
import sys

import boto3

manager = boto3.client("secretsmanager", endpoint_url=sys.argv[1], region_name="eu-central-1",
                       aws_access_key_id="test", aws_secret_access_key="test")
secret = json.dumps({"oauth_token": "public-oauth-token"})
print(manager.create_secret(Name="omps/public", SecretString=secret)["Name"])

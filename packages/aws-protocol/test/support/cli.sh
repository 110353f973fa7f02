#!/bin/sh
# Scenarios with the AWS CLI: cli.sh <aws> <endpoint> <work folder>. Every step must succeed.
set -eu
cli="$1"; endpoint="$2"; work="$3"
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE="$work/config" AWS_SHARED_CREDENTIALS_FILE="$work/none" AWS_PAGER= AWS_MAX_ATTEMPTS=1 AWS_EC2_METADATA_DISABLED=true
printf '[default]\ns3 =\n  addressing_style = path\n' > "$work/config"
aws() { "$cli" --endpoint-url "$endpoint" --output text "$@"; }
bucket="cli-$(basename "$work" | tr 'A-Z' 'a-z')"
"$cli" --version
aws s3 mb "s3://$bucket"
head -c 20971520 /dev/urandom > "$work/big"
aws s3 cp "$work/big" "s3://$bucket/big file.bin" --no-progress
aws s3 cp "s3://$bucket/big file.bin" "$work/back" --no-progress
cmp "$work/big" "$work/back"
mkdir -p "$work/tree/sub"
for i in 1 2 3; do echo "file $i" > "$work/tree/sub/f$i.txt"; done
aws s3 sync "$work/tree" "s3://$bucket/tree" --no-progress
aws s3 sync "s3://$bucket/tree" "$work/tree2" --no-progress
diff -r "$work/tree" "$work/tree2"
aws s3 ls "s3://$bucket/tree/sub/" | grep -c f2.txt
url=$(aws s3 presign "s3://$bucket/tree/sub/f1.txt")
[ "$(curl -fsS "$url")" = "file 1" ]
aws s3 rm "s3://$bucket" --recursive --quiet
aws s3 rb "s3://$bucket"
queue=$(aws sqs create-queue --queue-name "cli-$(basename "$work")" --query QueueUrl)
aws sqs send-message --queue-url "$queue" --message-body 'hello & <world>' > /dev/null
[ "$(aws sqs receive-message --queue-url "$queue" --query 'Messages[0].Body')" = 'hello & <world>' ]
if aws sqs get-queue-url --queue-name none 2> "$work/error"; then exit 1; fi
grep -q NonExistentQueue "$work/error"
[ "$(aws ec2 describe-instances --filters Name=instance-state-name,Values=stopped --query 'Reservations[].Instances[].InstanceId')" = i-3 ]
aws lambda invoke --function-name f --payload '{"a":1}' $(if "$cli" --version 2>&1 | grep -q 'aws-cli/2'; then echo --cli-binary-format raw-in-base64-out; fi) "$work/out" > /dev/null
[ "$(cat "$work/out")" = '{"echo":{"a":1}}' ]
[ "$(aws sts get-caller-identity --query UserId)" = tester ]
aws sns list-topics > /dev/null
aws secretsmanager create-secret --name "cli-$(basename "$work")" --secret-string s3cret > /dev/null
[ "$(aws secretsmanager get-secret-value --secret-id "cli-$(basename "$work")" --query SecretString)" = s3cret ]
echo "cli ok"

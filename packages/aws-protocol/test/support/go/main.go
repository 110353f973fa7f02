// Scenarios with the AWS SDK for Go v2: go run . <endpoint>. Prints one line a scenario, exits 1 on a failure.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

var ctx = context.Background()

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func want(what string, got, wanted any) {
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		panic(fmt.Sprintf("%s: got %v, wanted %v", what, got, wanted))
	}
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

func main() {
	endpoint := os.Args[1]
	config := aws.Config{
		Region:           "us-east-1",
		BaseEndpoint:     &endpoint,
		Credentials:      credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""),
		RetryMaxAttempts: 1,
	}
	failed := false
	scenario := func(name string, run func()) {
		defer func() {
			if why := recover(); why != nil {
				failed = true
				fmt.Println("FAILED", name, why)
			}
		}()
		run()
		fmt.Println("ok", name)
	}

	scenario("sqs", func() {
		c := sqs.NewFromConfig(config)
		url := must(c.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("go")})).QueueUrl
		must(c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("h\u00e9llo <&>"), MessageAttributes: map[string]sqstypes.MessageAttributeValue{"n": {DataType: aws.String("Number"), StringValue: aws.String("7")}}}))
		got := must(c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MessageAttributeNames: []string{"All"}})).Messages
		want("body", *got[0].Body, "h\u00e9llo <&>")
		must(c.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got[0].ReceiptHandle}))
		_, err := c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("nope")})
		var missing *sqstypes.QueueDoesNotExist
		want("error class", errors.As(err, &missing), true)
	})
	scenario("sns", func() {
		c := sns.NewFromConfig(config)
		arn := must(c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("go")})).TopicArn
		want("id", *must(c.Publish(ctx, &sns.PublishInput{TopicArn: arn, Message: aws.String("a+b c%")})).MessageId, "6-0")
		_, err := c.Publish(ctx, &sns.PublishInput{TopicArn: aws.String("none"), Message: aws.String("x")})
		var missing *snstypes.NotFoundException
		want("error class", errors.As(err, &missing), true)
		must(c.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: arn}))
	})
	scenario("secretsmanager", func() {
		c := secretsmanager.NewFromConfig(config)
		must(c.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("go"), SecretBinary: []byte{1, 2}}))
		want("secret", must(c.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String("go")})).SecretBinary, []byte{1, 2})
	})
	scenario("lambda", func() {
		c := lambda.NewFromConfig(config)
		want("payload", string(must(c.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`{"a":1}`)})).Payload), `{"echo":{"a":1}}`)
		stream := must(c.InvokeWithResponseStream(ctx, &lambda.InvokeWithResponseStreamInput{FunctionName: aws.String("f")})).GetStream()
		text := ""
		for event := range stream.Events() {
			if chunk, ok := event.(*lambdatypes.InvokeWithResponseStreamResponseEventMemberPayloadChunk); ok {
				text += string(chunk.Value.Payload)
			}
		}
		want("stream", text, "one two three")
		want("stream error", stream.Err(), nil)
	})
	scenario("ec2", func() {
		c := ec2.NewFromConfig(config)
		out := must(c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{{Name: aws.String("instance-state-name"), Values: []string{"stopped"}}}}))
		want("id", *out.Reservations[0].Instances[0].InstanceId, "i-3")
		_, err := c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{"i-9"}})
		want("code", code(err), "InvalidInstanceID.NotFound")
		must(c.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{"i-1"}, Tags: []ec2types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))
		_, err = c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{})
		want("code", code(err), "NotImplemented")
	})
	scenario("s3", func() {
		c := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
		bucket := aws.String("go-bucket")
		must(c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
		data := make([]byte, 300000)
		rand.Read(data)
		key := aws.String("dir/a b+c&d=\u00e9.bin")
		for _, algorithm := range []s3types.ChecksumAlgorithm{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
			must(c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(data), ChecksumAlgorithm: algorithm}))
			got := must(c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, ChecksumMode: s3types.ChecksumModeEnabled}))
			want("bytes "+string(algorithm), bytes.Equal(must(io.ReadAll(got.Body)), data), true)
		}
		part := must(c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, Range: aws.String("bytes=10-19")}))
		want("range", bytes.Equal(must(io.ReadAll(part.Body)), data[10:20]), true)
		up := must(c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("big")})).UploadId
		big := bytes.Repeat([]byte("x"), 5<<20)
		one := must(c.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: aws.String("big"), UploadId: up, PartNumber: aws.Int32(1), Body: bytes.NewReader(big)})).ETag
		must(c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: aws.String("big"), UploadId: up, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{{PartNumber: aws.Int32(1), ETag: one}}}}))
		want("size", *must(c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("big")})).ContentLength, 5<<20)
		list := must(c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket}))
		want("keys", *list.Contents[0].Key+" "+*list.Contents[1].Key, "big "+*key)
		_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("none")})
		var missing *s3types.NoSuchKey
		want("error class", errors.As(err, &missing), true)
		url := must(s3.NewPresignClient(c).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})).URL
		want("presigned", strings.Contains(url, "X-Amz-Signature="), true)
	})
	if failed {
		os.Exit(1)
	}
}

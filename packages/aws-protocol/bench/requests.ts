import { encodeCbor } from '../src/codec/cbor.ts';
import { loadModel, type StructShape } from '../src/index.ts';
import { sign } from '../test/support/sign.ts';

const attributes = {
  trace: { DataType: 'String', StringValue: '1-5759e988-bd862e3fe1be46a994272793' },
  attempt: { DataType: 'Number', StringValue: '3' },
};
const message = {
  QueueUrl: 'http://127.0.0.1:4566/000000000000/orders',
  MessageBody: 'x'.repeat(160),
  MessageAttributes: attributes,
};
const form = new URLSearchParams({
  Action: 'SendMessage',
  Version: '2012-11-05',
  QueueUrl: message.QueueUrl,
  MessageBody: message.MessageBody,
  'MessageAttribute.1.Name': 'trace',
  'MessageAttribute.1.Value.DataType': 'String',
  'MessageAttribute.1.Value.StringValue': attributes.trace.StringValue,
  'MessageAttribute.2.Name': 'attempt',
  'MessageAttribute.2.Value.DataType': 'Number',
  'MessageAttribute.2.Value.StringValue': '3',
});
const ec2Form =
  'Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=instance-state-name&Filter.1.Value.1=running&Filter.2.Name=tag%3AName&Filter.2.Value.1=web&MaxResults=100';
const cbor = encodeCbor(loadModel('sqs').operation('SendMessage').input as StructShape, message);

interface Case {
  service: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: Uint8Array;
}
const json: Case = {
  service: 'sqs',
  method: 'POST',
  url: '/',
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' },
  body: Buffer.from(JSON.stringify(message)),
};
export const CASES: Record<string, Case> = {
  bare: json,
  json: json,
  fastify: json,
  awsJson: json,
  awsQuery: {
    service: 'sqs',
    method: 'POST',
    url: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
  },
  rpcv2Cbor: {
    service: 'sqs',
    method: 'POST',
    url: '/service/AmazonSQS/operation/SendMessage',
    headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
    body: cbor,
  },
  ec2Query: {
    service: 'ec2',
    method: 'POST',
    url: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(ec2Form),
  },
  restJson: {
    service: 'lambda',
    method: 'POST',
    url: '/2015-03-31/functions/orders/invocations',
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.from(JSON.stringify(message)),
  },
  restXml: { service: 's3', method: 'GET', url: '/bucket?tagging', headers: {}, body: Buffer.alloc(0) },
};

/** The bytes of one request on the wire. A signature is good for 15 minutes, longer than any run. */
export function wireBytes(name: string, signed: boolean): Buffer {
  const { service, method, url, headers, body } = CASES[name] as Case;
  const wire = signed ? sign(service, method, url, headers, body).headers : { host: '127.0.0.1', ...headers };
  // Nothing else tells an unsigned REST request's service, as with the real endpoints.
  const host = signed ? {} : { host: `${service}.us-east-1.amazonaws.com` };
  const lines = Object.entries({ ...wire, ...host, 'content-length': String(body.length) }).map(
    ([key, value]) => `${key}: ${value}`,
  );
  return Buffer.concat([Buffer.from(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`), body]);
}

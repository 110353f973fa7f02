import type { ProtocolName } from '../model/compact.ts';
import { awsJson, rpcV2Cbor } from './json.ts';
import type { Protocol } from './protocol.ts';
import { query } from './query.ts';
import { restJson, restXml } from './rest.ts';

export const PROTOCOLS: Record<ProtocolName, Protocol> = {
  awsJson1_0: awsJson('1.0'),
  awsJson1_1: awsJson('1.1'),
  awsQuery: query('awsQuery'),
  ec2Query: query('ec2Query'),
  restJson1: restJson(),
  restXml: restXml(),
  rpcv2Cbor: rpcV2Cbor(),
};

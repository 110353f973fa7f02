import { Malformed } from '../codec/malformed.ts';
import { AwsError, Refusal, type RefusalReason } from '../errors.ts';
import { readDataFile } from '../files.ts';
import type { ProtocolName } from '../model/compact.ts';
import type { Model, StructShape } from '../model/schema.ts';
import { S3_ERROR_STATUS } from '../s3/error-status.ts';
import { inWords } from '../sigv4/explain.ts';

/** An error ready to be written. */
export interface Failure {
  /** Shape name or bare code. */
  readonly code: string;
  /** The code that query answers carry, and `x-amzn-query-error`. */
  readonly queryCode: string;
  readonly status: number;
  readonly message: string;
  /** Why the library refused; undefined for an AwsError. */
  readonly reason: RefusalReason | undefined;
  readonly sender: boolean;
  readonly shape: StructShape | undefined;
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

type Table = Partial<Record<RefusalReason, [string, number]>>;
interface Tables {
  json: Required<Table>;
  restJson: Table;
  query: Required<Table>;
  ec2: Table;
  xml: Table;
  services: Record<string, Table>;
}
const TABLES = readDataFile('overlay/refusals.json') as Tables;
const S3_STATUS: Readonly<Record<string, number>> = S3_ERROR_STATUS;

const FAMILY: Record<ProtocolName, (keyof Tables)[]> = {
  awsJson1_0: ['json'],
  awsJson1_1: ['json'],
  rpcv2Cbor: ['json'],
  restJson1: ['restJson', 'json'],
  awsQuery: ['query'],
  ec2Query: ['ec2', 'query'],
  restXml: ['xml', 'query'],
};

function refusalCode(protocol: ProtocolName, service: string | undefined, reason: RefusalReason): [string, number] {
  const own = service === undefined ? undefined : TABLES.services[service]?.[reason];
  if (own) return own;
  for (const family of FAMILY[protocol]) {
    const found = (TABLES[family] as Table)[reason];
    if (found) return found;
  }
  return TABLES.json[reason];
}

/** Turns whatever was thrown into an answer. Only AwsError, Refusal and Malformed show their message. */
export function failureOf(error: unknown, protocol: ProtocolName, model: Model | undefined): Failure {
  if (error instanceof AwsError) return modelled(error, model);
  const reason: RefusalReason =
    error instanceof Refusal ? error.reason : error instanceof Malformed ? 'malformed' : 'internal';
  const message =
    reason === 'internal' ? 'We encountered an internal error. Please try again.' : (error as Error).message;
  const [code, status] = refusalCode(protocol, model?.id, reason);
  const details = error instanceof Refusal ? error.details : undefined;
  // Only rest-xml has room for elements of an error that no model declares.
  const inElements = protocol === 'restXml';
  return {
    code,
    queryCode: code,
    status,
    message: details && !inElements && reason === 'signatureMismatch' ? `${message}${inWords(details)}` : message,
    reason,
    sender: status < 500,
    shape: undefined,
    members: (inElements && details) || {},
    headers: {},
  };
}

function modelled(error: AwsError, model: Model | undefined): Failure {
  const shape = model?.error(error.code);
  const traits = shape?.traits;
  const s3 = model?.id === 's3' && Object.hasOwn(S3_STATUS, error.code) ? S3_STATUS[error.code] : undefined;
  const status =
    error.status ?? traits?.httpError ?? traits?.awsQueryError?.[1] ?? s3 ?? (traits?.error === 'server' ? 500 : 400);
  return {
    code: error.code,
    queryCode: traits?.awsQueryError?.[0] ?? error.code,
    status,
    message: error.message,
    reason: undefined,
    sender: traits?.error === undefined ? status < 500 : traits.error === 'client',
    shape,
    members: error.members,
    headers: error.headers,
  };
}

/** The members of a modelled error with its message in the member that the model names for it. */
export function membersOf(failure: Failure): Record<string, unknown> {
  const name = failure.shape?.members.find((m) => m.name.toLowerCase() === 'message')?.name;
  return name === undefined ? { ...failure.members } : { [name]: failure.message, ...failure.members };
}

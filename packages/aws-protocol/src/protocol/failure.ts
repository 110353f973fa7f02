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
  /** The code as JSON's and CBOR's `__type` has it: with a namespace, where there is one. */
  readonly type: string;
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

/** The third stands where the query protocol has another word for it. A namespace before the code is for JSON's `__type`. */
type Code = [type: string, status: number, queryCode?: string];
type Table = Partial<Record<RefusalReason, Code>>;
interface Tables {
  json: Table;
  restJson: Table;
  query: Table;
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

/** Reasons that most protocols have no code of their own for, and the one that they are a case of. */
const CASE_OF: Partial<Record<RefusalReason, RefusalReason>> = {
  enumValue: 'validation',
  parameter: 'malformed',
  escape: 'malformed',
  missingAction: 'unknownOperation',
  queryClaim: 'incompleteSignature',
  payloadForm: 'bodyDigest',
  digestForm: 'checksum',
  checksumForm: 'checksum',
  trailer: 'incompleteBody',
};

function refusalCode(protocol: ProtocolName, service: string | undefined, reason: RefusalReason): Code {
  const own = service === undefined ? undefined : TABLES.services[service];
  for (const table of [own, ...FAMILY[protocol].map((family) => TABLES[family] as Table)]) {
    const found = table?.[reason];
    if (found) return found;
  }
  const general = CASE_OF[reason];
  return general === undefined ? (TABLES.json[reason] as Code) : refusalCode(protocol, service, general);
}

/** Turns whatever was thrown into an answer. Only AwsError, Refusal and Malformed show their message. */
export function failureOf(error: unknown, protocol: ProtocolName, model: Model | undefined): Failure {
  if (error instanceof AwsError) return modelled(error, model);
  const reason: RefusalReason = error instanceof Refusal || error instanceof Malformed ? error.reason : 'internal';
  const message =
    reason === 'internal' ? 'We encountered an internal error. Please try again.' : (error as Error).message;
  const [type, status] = refusalCode(protocol, model?.id, reason);
  const code = bareCode(type);
  // What programs know such a service's errors by since it spoke the query protocol.
  const [queryType, , queryCode = bareCode(queryType)] = refusalCode(
    model?.queryCompatible ? 'awsQuery' : protocol,
    model?.id,
    reason,
  );
  // S3's are elements of their own.
  const shape = protocol === 'restXml' ? undefined : model?.error(code);
  const details = error instanceof Refusal ? error.details : undefined;
  // Only rest-xml has room for elements of an error that no model declares.
  const inElements = protocol === 'restXml';
  return {
    code,
    type: shape ? `${model?.namespace}#${code}` : type,
    queryCode: shape?.traits.awsQueryError?.[0] ?? queryCode,
    status,
    message: details && !inElements && reason === 'signatureMismatch' ? `${message}${inWords(details)}` : message,
    reason,
    sender: status < 500,
    shape,
    members: (inElements && details) || {},
    headers: error instanceof Refusal ? error.headers : {},
  };
}

/** Without a namespace. */
const bareCode = (type: string): string => type.slice(type.indexOf('#') + 1);

function modelled(error: AwsError, model: Model | undefined): Failure {
  const shape = model?.error(error.code);
  const traits = shape?.traits;
  const s3 = model?.id === 's3' && Object.hasOwn(S3_STATUS, error.code) ? S3_STATUS[error.code] : undefined;
  const status =
    error.status ?? traits?.httpError ?? traits?.awsQueryError?.[1] ?? s3 ?? (traits?.error === 'server' ? 500 : 400);
  return {
    code: error.code,
    type: shape ? `${model?.namespace}#${error.code}` : error.code,
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

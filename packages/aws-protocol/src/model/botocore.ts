/** The part of a botocore model (`service-2.json`) that is read here. */
export interface BotocoreModel {
  readonly metadata: {
    readonly apiVersion?: string;
    readonly endpointPrefix: string;
    readonly jsonVersion?: string;
    readonly protocol: string;
    readonly protocols?: readonly string[];
    readonly serviceId?: string;
    readonly signingName?: string;
    readonly targetPrefix?: string;
    readonly xmlNamespace?: string | { readonly uri: string };
    readonly awsQueryCompatible?: object;
  };
  readonly operations: Readonly<Record<string, BotocoreOperation>>;
  readonly shapes: Readonly<Record<string, BotocoreShape>>;
}
interface BotocoreOperation {
  readonly http?: { readonly method: string; readonly requestUri?: string; readonly responseCode?: number };
  readonly input?: { readonly shape: string };
  readonly output?: { readonly shape: string };
  readonly errors?: readonly { readonly shape: string }[];
}
export interface BotocoreRef {
  readonly shape: string;
  readonly location?: string;
  readonly locationName?: string;
  readonly queryName?: string;
  readonly flattened?: boolean;
  readonly xmlNamespace?: string | { readonly uri: string; readonly prefix?: string };
  readonly xmlAttribute?: boolean;
  readonly timestampFormat?: string;
  readonly streaming?: boolean;
  readonly idempotencyToken?: boolean;
  readonly eventpayload?: boolean;
  readonly eventheader?: boolean;
}
export interface BotocoreShape extends Omit<BotocoreRef, 'shape'> {
  readonly type: string;
  readonly members?: Readonly<Record<string, BotocoreRef>>;
  readonly member?: BotocoreRef;
  readonly key?: BotocoreRef;
  readonly value?: BotocoreRef;
  readonly required?: readonly string[];
  readonly payload?: string;
  readonly document?: boolean;
  readonly union?: boolean;
  readonly eventstream?: boolean;
  readonly sparse?: boolean;
  readonly sensitive?: boolean;
  readonly exception?: boolean;
  readonly fault?: boolean;
  readonly error?: { readonly code?: string; readonly httpStatusCode?: number; readonly senderFault?: boolean };
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

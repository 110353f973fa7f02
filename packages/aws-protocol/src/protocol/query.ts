import { buildTree, QueryCodec } from '../codec/query.ts';
import { escapeXml, XmlCodec } from '../codec/xml.ts';
import type { StructShape } from '../model/schema.ts';
import { type Failure, membersOf } from './failure.ts';
import type { Protocol } from './protocol.ts';

const xml = new XmlCodec();
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** The query protocol and its EC2 dialect: a form with Action and Version in, XML out. */
export function query(dialect: 'awsQuery' | 'ec2Query'): Protocol {
  const ec2 = dialect === 'ec2Query';
  const codec = new QueryCodec(ec2);
  return {
    name: dialect,
    readInput(operation, parts, limits) {
      if (!operation.input) return {};
      const pairs = parts.query.filter(
        ([name]) => name !== 'Action' && name !== 'Version' && !name.startsWith('X-Amz-'),
      );
      return codec.read(operation.input, buildTree(pairs as [string, string][], limits)) as Record<string, unknown>;
    },
    writeOutput({ name, output: shape }, output, { model, requestId }) {
      const members = shape ? xml.writeMembers(shape, output) : '';
      const open = `${DECLARATION}<${name}Response xmlns="${escapeXml(model.xmlNamespace)}">`;
      // Every operation with an output has its Result element, even an empty one; one without an output has none.
      const body = ec2
        ? `${open}<requestId>${requestId}</requestId>${shape ? members : '<return>true</return>'}</${name}Response>`
        : `${open}${shape ? `<${name}Result>${members}</${name}Result>` : ''}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`;
      return { status: 200, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body };
    },
    writeError(failure, { model, requestId }) {
      const code = escapeXml(failure.queryCode);
      const message = escapeXml(failure.message);
      const more = errorMembers(failure);
      const body = ec2
        ? `${DECLARATION}<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message>${more}</Error></Errors><RequestID>${requestId}</RequestID></Response>`
        : `${DECLARATION}<ErrorResponse${model ? ` xmlns="${escapeXml(model.xmlNamespace)}"` : ''}><Error><Type>${failure.sender ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>${message}</Message>${more}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
      return {
        status: failure.status,
        headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId, ...failure.headers },
        body,
      };
    },
  };
}

/** Members of a modelled error beside its message. */
export function errorMembers(failure: Failure): string {
  if (!failure.shape) return '';
  return xml.writeMembers(
    failure.shape as StructShape,
    membersOf(failure),
    (m) => m.name.toLowerCase() === 'message' || m.name === 'Code',
  );
}

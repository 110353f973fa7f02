import { Copy, Fact, Facts, Mono, type QueueMessage, Reference, shownSize, Tag, Time } from '@thecloud/console';
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';

/** A message as a part of a list: folded it is one line, open it is all that is known of it. */
export function MessageItem({
  message,
  open,
  aside,
  children,
}: {
  readonly message: QueueMessage;
  readonly open?: boolean;
  /** Stands at the end of its line. */
  readonly aside?: ReactNode;
  /** Below its text. */
  readonly children?: ReactNode;
}) {
  const { id, body, created_at, size, received_count, attributes = {} } = message;
  return (
    <li className="border-b border-line last:border-0">
      <details open={open} className="group">
        <summary className="flex cursor-pointer items-center gap-3 px-4 py-2 select-none hover:bg-raised">
          <ChevronRight className="size-4 shrink-0 text-ink-soft group-open:rotate-90" aria-hidden />
          <span className="w-24 shrink-0 text-sm text-ink-soft">
            <Time value={created_at} />
          </span>
          <bdi className="min-w-0 grow truncate font-mono text-sm">{body.slice(0, 200)}</bdi>
          <span className="shrink-0 text-sm text-ink-soft tabular-nums">{aside ?? shownSize(size)}</span>
        </summary>
        <div className="grid gap-3 px-4 pt-1 pb-4">
          <div className="flex items-start gap-1">
            {/* It scrolls, so it must be reachable by keyboard. */}
            <pre
              tabIndex={0}
              aria-label={`Text of message ${id}`}
              className="max-h-80 min-w-0 grow overflow-auto rounded-md border border-line bg-raised p-3 font-mono text-sm whitespace-pre-wrap"
            >
              {body}
            </pre>
            <Copy text={body} label="Copy the text" />
          </div>
          {children}
          <Facts>
            {Object.entries(attributes).map(([name, { type, value }]) => (
              <Fact key={name} name={name}>
                <bdi>{value}</bdi> {type !== 'String' && <Tag>{type}</Tag>}
              </Fact>
            ))}
            <Fact name="Received">
              {received_count === 1 ? 'once' : `${received_count} times`}
              {message.first_received_at && (
                <>
                  , first <Time value={message.first_received_at} />
                </>
              )}
            </Fact>
            {message.visible_at && (
              <Fact name="Visible from">
                <Time value={message.visible_at} />
              </Fact>
            )}
            {message.group_id && <Fact name="Message group">{message.group_id}</Fact>}
            {message.deduplication_id && <Fact name="Deduplication id">{message.deduplication_id}</Fact>}
            {message.sequence_number && (
              <Fact name="Sequence number">
                <Mono text={message.sequence_number} />
              </Fact>
            )}
            {message.dead_letter_source && (
              <Fact name="Came from">
                <Reference kind="queue" value={message.dead_letter_source} />
              </Fact>
            )}
            {message.sender && (
              <Fact name="Sent by">
                <Reference kind="member" value={message.sender} />
              </Fact>
            )}
            <Fact name="Size">{shownSize(size)}</Fact>
            <Fact name="ID">
              <Mono text={id} />
            </Fact>
          </Facts>
        </div>
      </details>
    </li>
  );
}

import { countLive } from '../../kernel/resource.ts';
import { service } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { topicExamples } from './examples.ts';
import { createTopicHandlers, type TopicDeps } from './handlers.ts';
import { topicOperations } from './operations.ts';
import { subscriptionKind } from './subscription.ts';
import { topicKind, TOPICS } from './topic.ts';

/** Topics, whose messages go to all queues that are subscribed to them. */
export const createTopicsService = (deps: TopicDeps) =>
  service({
    name: 'topics',
    resource: 'notify',
    title: 'Topics',
    operations: topicOperations,
    handlers: createTopicHandlers(deps),
    kinds: { topic: topicKind, subscription: subscriptionKind },
    quotas: { topics: { max: 1_000, noun: 'topics', free: 'Delete a topic' } },
    usage: async (sql, { tenantId }) => ({ topics: await countLive(sql, TOPICS, tenantId) }),
    blocks: { tenant: { noun: 'topic', count: (sql: Sql, id: string) => countLive(sql, TOPICS, id) } },
    console: {
      group: 'messages',
      icon: 'megaphone',
      order: 2,
      summary: 'A topic passes each message on to all queues that are subscribed to it.',
      columns: ['name', 'arn', 'created_at'],
      references: { user_id: 'member' },
    },
    examples: topicExamples,
  });

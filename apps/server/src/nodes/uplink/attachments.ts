/** The node's own side of attachments: held here, named by an application, sent once the hub has taken that. */
import { applicationLimits } from '@shugu/wire/nodes-application';
import { audit } from '../../kernel/audit.ts';
import { type Actor, type Reader, sql, type Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { newId } from '../../kernel/ids.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { requireType } from '../attachments.ts';
import type { Attachment, NodesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { type HubLine, HubRefused } from './hub.ts';
import type { Uplink } from './store.ts';

export interface HeldAttachment extends Attachment {
  id: string;
  uplink: string | null;
  sentAt: Date | null;
  fault: string;
  createdAt: Date;
}

export type AttachmentDraft = Pick<Attachment, 'kind' | 'name' | 'mediaType'>;

const columns = sql`id, kind, name, media_type as "mediaType", object as sha256, bytes::int as bytes, uplink, sent_at as "sentAt", fault,
  created_at as "createdAt"`;

export const heldAttachments = (read: Reader): Promise<HeldAttachment[]> =>
  read.rows<HeldAttachment>(sql`select ${columns} from node_attachments order by id`);

export const attachmentView = ({ uplink, sentAt, createdAt, ...one }: HeldAttachment, latest: string | undefined) => ({
  ...one,
  named: uplink !== null && uplink === latest,
  sentAt: sentAt?.toISOString() ?? null,
  createdAt: createdAt.toISOString(),
});

/**
 * Of the operator's organisation. The content is stored before the row: a transaction waits for no disk.
 * @throws nodes.attachmentUnfit, nodes.attachmentsFull, nodes.attachmentHeld
 */
export const holdAttachment = async (
  { database, objects }: Pick<NodesDeps, 'database' | 'objects'>,
  actor: Actor,
  draft: AttachmentDraft,
  content: Uint8Array,
): Promise<HeldAttachment> => {
  requireType(content, draft.mediaType, 'query.mediaType');
  const { digest, bytes } = await objects.put(content);
  return database.tx(actor, async (tx) => {
    await tx.first(sql`select pg_advisory_xact_lock(hashtext('nodes/attachments'))`);
    const before = await heldAttachments(tx);
    if (before.some(({ sha256 }) => sha256 === digest)) throw problems.attachmentHeld();
    if (before.length >= applicationLimits.attachmentsMax)
      throw problems.attachmentsFull({ detail: String(applicationLimits.attachmentsMax) });
    const id = newId('nat', tx.now);
    await tx.exec(sql`insert into node_attachments (id, node, market, participant, kind, name, media_type, object, bytes, created_at)
      values (${id}, ${tx.tenancy.node}, ${tx.tenancy.market}, ${tx.actor.participant}, ${draft.kind}, ${draft.name.normalize('NFC')},
        ${draft.mediaType}, ${digest}, ${bytes}, ${tx.now})`);
    await audit(tx, { action: 'nodes.attachment.add', subject: id, data: { kind: draft.kind, object: digest } });
    return (await heldAttachments(tx)).find((one) => one.id === id)!;
  });
};

/** One that an application has named stays: the hub may ask what was signed for. */
export const dropAttachment = async (tx: Tx, id: string, openUplink: string | undefined): Promise<void> => {
  const found = (await heldAttachments(tx)).find((one) => one.id === id);
  if (!found) throw kernelProblems.unknown();
  if (found.uplink !== null && found.uplink === openUplink) throw problems.attachmentHeld();
  await tx.exec(sql`delete from node_attachments where id = ${id}`);
  await audit(tx, { action: 'nodes.attachment.remove', subject: id, data: { object: found.sha256 } });
};

export const nameAttachments = (tx: Tx, uplink: string, named: readonly HeldAttachment[]): Promise<number> =>
  tx.exec(sql`update node_attachments set uplink = ${uplink}, sent_at = null, fault = ''
    where id = any(${named.map(({ id }) => id)})`);

export const termsOf = ({ kind, name, mediaType, bytes, sha256 }: HeldAttachment): Attachment => ({
  ...{ kind, name, mediaType, bytes, sha256 },
});

/** Those that the hub has not taken yet. What it refuses is not sent again; where it does not answer, the next beat tries. */
export const sendAttachments = async ({ database, objects }: NodesDeps, line: HubLine, one: Uplink): Promise<void> => {
  if (one.registration === null) return;
  const due = await database.rows<HeldAttachment>(
    sql`select ${columns} from node_attachments where uplink = ${one.id} and sent_at is null and fault = '' order by id`,
  );
  for (const { id, sha256 } of due) {
    const fault = await line
      .attach({ url: one.hub_url, node: one.registration }, sha256, await objects.bytes(sha256))
      .then(() => '')
      .catch((error) => {
        if (error instanceof HubRefused) return error.message.slice(0, 500);
        throw error;
      });
    await database.tx(systemActor('nodes'), (tx) =>
      tx.note(
        sql`update node_attachments set sent_at = ${fault === '' ? tx.now : null}, fault = ${fault} where id = ${id}`,
      ),
    );
  }
};

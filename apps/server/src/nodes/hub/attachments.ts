/** Contents of what an application names: papers of its case, for whoever reviews it. Nothing else is taken in. */
import { application as applicationShape } from '@shugu/wire/nodes';
import type { Reader } from '../../kernel/db/db.ts';
import { systemActor, systemPrincipal } from '../../kernel/http/principal.ts';
import { kernelProblems } from '../../kernel/problem.ts';
import { readUpload, requireType, sha256Of } from '../attachments.ts';
import { readWords } from '../envelope.ts';
import type { NodesDeps } from '../model.ts';
import { problems } from '../problems.ts';
import { applicationOf } from './store.ts';

const system = systemPrincipal('nodes');
/** Before it is decided. */
const open = new Set(['reviewing', 'certifying', 'assessing', 'activating']);

const namedBy = async (read: Reader, node: string, sha256: string) => {
  const found = await applicationOf(read, node);
  if (!found || !open.has(found.state)) throw kernelProblems.unknown();
  const named = readWords(found.application, applicationShape).attachments?.find((one) => one.sha256 === sha256);
  if (!named) throw kernelProblems.unknown();
  return { ...named, case: found.case_id };
};

interface Sent {
  node: string;
  sha256: string;
  stream: AsyncIterable<Uint8Array>;
  announced: string | undefined;
}

/**
 * Who sends it needs no name: what counts is that the node's key has signed for exactly this content.
 * @throws kernel.unknown, nodes.attachmentDiffers, nodes.attachmentTooLarge, nodes.attachmentUnfit
 */
export const takeAttachment = async (
  { cases, database, objects }: NodesDeps,
  { node, sha256, stream, announced }: Sent,
): Promise<void> => {
  const named = await namedBy(database, node, sha256);
  const { papers } = await cases.find(database, system, named.case);
  if (papers.some(({ object }) => object === sha256)) return;
  const content = await readUpload(stream, announced, named.bytes);
  if (content.length !== named.bytes || sha256Of(content) !== sha256) throw problems.attachmentDiffers();
  requireType(content, named.mediaType, 'body');
  const stored = await objects.put(content);
  await database.tx(systemActor('nodes'), (tx) => cases.keepPaper(tx, system, named.case, named, stored));
};

/** What goes with the application that a node makes by itself: read from the file that the settings name. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { applicationFile as shape } from '@shugu/wire/nodes-application';
import { systemActor } from '../../kernel/http/principal.ts';
import { sha256Of } from '../attachments.ts';
import type { NodesDeps, Technical } from '../model.ts';
import { problems } from '../problems.ts';
import { heldAttachments, holdAttachment } from './attachments.ts';

export interface Given {
  connectorType: 0 | 1;
  technical?: Technical | undefined;
}

/** Attachments are held as if they had been uploaded; what is held already is not held twice. @throws nodes.applicationFile */
export const readApplication = async (deps: NodesDeps, operator: string): Promise<Given> => {
  const path = deps.settings.applicationFile;
  if (path === '') return { connectorType: 0 };
  const unfit = (error: unknown) => problems.applicationFile({ detail: (error as Error).message.slice(0, 300) });
  const read = async () => shape.parse(JSON.parse(await readFile(path, 'utf8')));
  const { attachments, connectorType, technical } = await read().catch((error) => {
    throw unfit(error);
  });
  for (const { kind, file, mediaType } of attachments) {
    const content = await readFile(resolve(dirname(path), file)).catch((error) => {
      throw unfit(error);
    });
    const held = await heldAttachments(deps.database);
    if (held.some(({ sha256 }) => sha256 === sha256Of(content))) continue;
    const actor = { ...systemActor('nodes'), participant: operator };
    await holdAttachment(deps, actor, { kind, name: basename(file), mediaType }, content);
  }
  return { connectorType, technical };
};

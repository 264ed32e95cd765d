import { serveChild } from '../../kernel/child/serve.ts';
import { ImportFault, type ImportFormat, type ReadRows, readRows } from './rows.ts';

serveChild<{ format: ImportFormat; content: string }, ReadRows>(async ({ format, content }) => {
  try {
    return { rows: await readRows(format, Buffer.from(content, 'base64')) };
  } catch (error) {
    if (error instanceof ImportFault) return { failure: error.message };
    throw error;
  }
});

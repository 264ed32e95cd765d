/** This program's own: a locked process of DuckDB that sees the columns which the query reads. */
import type { QueryPool } from '@shugu/gateway';
import type { Cell, RoomEngine } from '../model.ts';
import { roomLimits } from './limits.ts';

export const localRoom = (pool: () => Promise<QueryPool>): RoomEngine => ({
  name: 'local',
  seconds: roomLimits.seconds,
  run: async ({ contract, sql, tables, values, rowsMax, signal }) => {
    const columns = [...new Set(Object.values(contract.shape.reads).flat())];
    const answer = await (await pool()).run(
      {
        scope: `compute ${contract.id} ${JSON.stringify(tables)}`,
        tables,
        effects: { columns, masks: {}, rowFilter: [] },
        maskKey: new Uint8Array(32),
      },
      {
        sql,
        values: Object.fromEntries(
          Object.entries(values).map(([name, value]) => [name, { type: 'VARCHAR' as const, value }]),
        ),
        format: 'json',
        rowsMax,
        bytesMax: roomLimits.bytesMax,
        seconds: roomLimits.seconds,
      },
      signal,
    );
    if (answer.kind === 'file') throw new Error('asked for pieces');
    const pieces: Uint8Array[] = [];
    for await (const { bytes } of answer.pieces) pieces.push(bytes);
    return (JSON.parse(Buffer.concat(pieces).toString('utf8')) as { data: Record<string, Cell>[] }).data;
  },
});

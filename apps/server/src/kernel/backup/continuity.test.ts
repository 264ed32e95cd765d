import { generateKey, vkeyOf } from '@shugu/evidence';
import { describe, expect, it } from 'vitest';
import { makeLog } from '../publiclog/testing.ts';
import { compareNote, type RestoredLog, worstOf } from './continuity.ts';

const restored = async (): Promise<{ log: RestoredLog; earlier: string; later: string; forked: string }> => {
  const made = makeLog('intl', 'log.test/a');
  const earlier = (await made.grow('a', 'b')).note;
  const now = await made.grow('c');
  const log: RestoredLog = { origin: made.origin, suite: 'intl', vkey: made.vkey, store: made.store, ...now };
  const later = (await made.grow('d')).note;
  const other = makeLog('intl', made.origin, made.signer);
  const forked = (await other.grow('a', 'x')).note;
  return { log, earlier, later, forked };
};

describe('a restored log against checkpoints that others hold', () => {
  it('goes on, is behind, or is forked', async () => {
    const { log, earlier, later, forked } = await restored();
    expect(await compareNote(log, earlier, [])).toEqual({ kind: 'continues' });
    expect(await compareNote(log, log.note, [])).toEqual({ kind: 'continues' });
    expect(await compareNote(log, later, [])).toMatchObject({ kind: 'behind', last: { size: 4, checkpoint: later } });
    expect(await compareNote(log, forked, [])).toMatchObject({ kind: 'forked', last: { size: 2 } });
  });

  it('believes nobody whom it does not know', async () => {
    const { log, later } = await restored();
    const stranger = { ...log, vkey: vkeyOf(log.origin, generateKey('intl').publicKey) };
    await expect(compareNote(stranger, later, [])).rejects.toThrow('backup.witness_note');
    await expect(compareNote(log, later.replace('\n4\n', '\n5\n'), [])).rejects.toThrow('backup.witness_note');
    await expect(compareNote(log, 'nonsense', [])).rejects.toThrow('backup.witness_note');
  });

  it('takes the worst word, and of several the furthest', () => {
    const behind = (size: number) => ({ kind: 'behind' as const, last: { origin: 'a', size } });
    expect(worstOf([])).toEqual({ kind: 'unwitnessed' });
    expect(worstOf([{ kind: 'continues' }])).toEqual({ kind: 'continues' });
    expect(worstOf([behind(5), { kind: 'continues' }, behind(9), behind(7)])).toEqual(behind(9));
  });
});

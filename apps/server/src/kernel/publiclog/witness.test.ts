import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpointSigner, generateKey, type SuiteName, verifierOf, vkeyOf } from '@shugu/evidence';
import { cosignatureTime, formatCheckpoint, openNote, signNote } from '@shugu/tlog';
import { afterEach, describe, expect, it } from 'vitest';
import { askWitness, withLine } from './cosign.ts';
import { formatSubmission, parseSubmission } from './submission.ts';
import { makeLog } from './testing.ts';
import { openWitness, serveWitness, type WitnessNode } from './witness.ts';
import { parseWitnesses } from './witnesses.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const time = new Date('2026-07-01T01:00:00Z');
const open = async (
  logs: string[],
  suite: SuiteName = 'intl',
  home?: string,
): Promise<WitnessNode & { home: string }> => {
  const place = home ?? (await mkdtemp(join(tmpdir(), 'shugu-witness-')));
  folders.push(place);
  return { ...(await openWitness({ home: place, name: 'w.test/1', suite, logs, now: () => time })), home: place };
};

describe('a witness', () => {
  it.each(['intl', 'sm'] as const)('cosigns what extends what it has seen, in suite %s', async (suite) => {
    const log = makeLog(suite, 'log.test/a');
    const witness = await open([log.vkey], suite);
    const first = await log.grow('a', 'b');
    const one = await witness.addCheckpoint(formatSubmission({ old: 0, proof: [], note: first.note }));
    expect(one.status).toBe(200);
    const opened = await openNote(`${first.note.slice(0, first.note.indexOf('\n\n') + 2)}${one.body}`, [
      verifierOf(witness.vkey),
    ]);
    expect(cosignatureTime(opened.verified[0]!.signature)).toBe(time.getTime() / 1000);
    const second = await log.grow('c', 'd', 'e');
    expect(
      (await witness.addCheckpoint(formatSubmission({ old: 2, proof: await log.proof(2, 5), note: second.note })))
        .status,
    ).toBe(200);
    // The same again is cosigned again.
    expect((await witness.addCheckpoint(formatSubmission({ old: 5, proof: [], note: second.note }))).status).toBe(200);
    expect(witness.logs()).toMatchObject([{ origin: 'log.test/a', size: 5 }]);
  });

  it('refuses each thing the protocol names, with its status', async () => {
    const log = makeLog('intl', 'log.test/a');
    const witness = await open([log.vkey]);
    const ask = (old: number, proof: Uint8Array[], note: string) =>
      witness.addCheckpoint(formatSubmission({ old, proof, note }));
    const first = await log.grow('a', 'b', 'c');
    expect((await ask(0, [], first.note)).status).toBe(200);
    const second = await log.grow('d');
    const proof = await log.proof(3, 4);
    expect(await ask(2, proof, second.note)).toEqual({ status: 409, body: '3\n', mediaType: 'text/x.tlog.size' });
    expect((await ask(5, [], second.note)).status).toBe(400);
    expect((await ask(3, [], second.note)).status).toBe(422);
    expect((await ask(3, [...proof.slice(1), proof[0]!], second.note)).status).toBe(422);
    expect((await ask(3, proof, second.note.replace('\n4\n', '\n5\n'))).status).toBe(403);
    expect((await ask(3, proof, (await makeLog('intl', 'log.test/a').grow('a')).note)).status).toBe(403);
    expect((await ask(0, [], (await makeLog('intl', 'log.test/b').grow('a')).note)).status).toBe(404);
    for (const text of [
      '',
      'old 3\n',
      `old 03\n\n${second.note}`,
      `old -1\n\n${second.note}`,
      `old 3\nnot base64\n\n${second.note}`,
      `old 3\n\n${second.note.slice(0, 20)}`,
    ])
      expect((await witness.addCheckpoint(text)).status, text).toBe(400);
    expect((await ask(3, proof, second.note)).status).toBe(200);
  });

  it('never cosigns two histories, not after a restart either', async () => {
    const log = makeLog('intl', 'log.test/a');
    const witness = await open([log.vkey]);
    await witness.addCheckpoint(formatSubmission({ old: 0, proof: [], note: (await log.grow('a', 'b')).note }));
    const root = new Uint8Array(32).fill(7);
    const fork = await signNote(formatCheckpoint({ origin: log.origin, size: 2, root }), [
      checkpointSigner(log.origin, log.signer),
    ]);
    const again = await open([], 'intl', witness.home);
    expect(again.vkey).toBe(witness.vkey);
    for (const one of [witness, again]) {
      expect((await one.addCheckpoint(formatSubmission({ old: 2, proof: [], note: fork }))).status).toBe(409);
      expect((await one.addCheckpoint(formatSubmission({ old: 0, proof: [], note: fork }))).status).toBe(409);
    }
  });

  it('is asked over HTTP, from whatever size the log believes', async () => {
    const log = makeLog('intl', 'log.test/a');
    const witness = await open([log.vkey]);
    const server = serveWitness(witness);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const address = server.address() as { port: number };
      const known = { url: `http://127.0.0.1:${address.port}`, vkey: witness.vkey };
      await log.grow('a', 'b');
      const second = await log.grow('c');
      const tree = { hash: log.hash, store: log.store, size: second.size, note: second.note };
      for (const guess of [2, 0, 3, 99]) {
        const answer = await askWitness(known, tree, guess);
        expect(answer.kind).toBe('cosigned');
        if (answer.kind !== 'cosigned') return;
        const note = await withLine(second.note, known, answer.signatures);
        expect((await openNote(note, [verifierOf(log.vkey), verifierOf(witness.vkey)])).verified).toHaveLength(2);
        await expect(
          withLine(
            second.note,
            { ...known, vkey: vkeyOf('w.test/1', generateKey('intl').publicKey, 'witness') },
            answer.signatures,
          ),
        ).rejects.toThrow();
      }
      expect((await fetch(`${known.url}/add-checkpoint`, { method: 'POST', body: 'x'.repeat(70_000) })).status).toBe(
        413,
      );
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('reads its settings and submissions in one form only', () => {
    const vkey = vkeyOf('w.test/1', generateKey('intl').publicKey, 'witness');
    expect(parseWitnesses(` https://w.test/x/ ${vkey} ,`)).toEqual([{ url: 'https://w.test/x', vkey }]);
    const logKey = vkeyOf('w.test/1', generateKey('intl').publicKey);
    for (const bad of [vkey, `https://w.test ${logKey}`, `ftp://w.test ${vkey}`, `https://a ${vkey},https://b ${vkey}`])
      expect(() => parseWitnesses(bad)).toThrow();
    expect(() => parseWitnesses(Array.from({ length: 9 }, () => `https://w.test ${vkey}`).join(','))).toThrow(
      'at most 8',
    );
    const proof = Array.from({ length: 64 }, () => new Uint8Array(32));
    expect(parseSubmission(formatSubmission({ old: 1, proof, note: 'x' }))).toBeUndefined();
    expect(parseSubmission(formatSubmission({ old: 1, proof: proof.slice(1), note: 'x' }))).toMatchObject({
      old: 1,
      note: 'x',
    });
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  answered,
  type DataFlowSignal,
  type DataFlowState,
  dataFlowNotices,
  dataFlowSignals,
  dataFlowStates,
  isDataFlowOver,
  noticed,
  signalled,
} from './flow.ts';
import { readFlowStatus, signalBody, signalPath } from './messages.ts';

const states = [null, ...dataFlowStates];
const isFault = (value: unknown) => typeof value === 'object' && value !== null && 'code' in value;

/** Written from the specification's drawing a second time: from, signal, to. */
const drawn = [
  'null prepare PREPARED',
  'null start STARTED',
  'PREPARED start STARTED',
  'PREPARED started STARTED',
  'STARTED suspend SUSPENDED',
  'STARTED complete COMPLETED',
  'SUSPENDED resume STARTED',
  ...['null', 'INITIALIZED', 'PREPARING', 'PREPARED', 'STARTING', 'STARTED', 'SUSPENDED'].map(
    (state) => `${state} terminate TERMINATED`,
  ),
];

describe('states of a data flow', () => {
  test('every signal in every state leads where the drawing says, or nowhere', () => {
    const found = states.flatMap((state) =>
      dataFlowSignals.flatMap((signal) => {
        const move = signalled(state, signal);
        return 'code' in move ? [] : [`${state} ${signal} ${move.to}`];
      }),
    );
    expect(found.sort()).toEqual(drawn.sort());
  });

  test('only to prepare and to start may take time, and their end is told once or again', () => {
    expect(answered(null, 'prepare', 'PREPARING')).toBe('PREPARING');
    expect(answered('PREPARED', 'start', 'STARTING')).toBe('STARTING');
    expect(isFault(answered('STARTED', 'suspend', 'STARTED'))).toBe(true);
    expect(isFault(answered(null, 'prepare', 'STARTED'))).toBe(true);
    expect(noticed('PREPARING', 'prepared')).toBe('PREPARED');
    expect(noticed('PREPARED', 'prepared')).toBe('PREPARED');
    expect(noticed('STARTED', 'errored')).toBe('STARTED');
    expect(isFault(noticed('SUSPENDED', 'completed'))).toBe(true);
  });

  test('nothing leads out of an end, whatever happens in whatever order', () => {
    const happening = fc.oneof(fc.constantFrom(...dataFlowSignals), fc.constantFrom(...dataFlowNotices));
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), (all) => {
        let state: DataFlowState | null = null;
        for (const one of all) {
          const ended = isDataFlowOver(state);
          const after: ReturnType<typeof signalled> | ReturnType<typeof noticed> = (
            dataFlowSignals as readonly string[]
          ).includes(one)
            ? signalled(state, one as DataFlowSignal)
            : noticed(state, one as (typeof dataFlowNotices)[number]);
          const next: DataFlowState | null = typeof after === 'string' ? after : 'code' in after ? state : after.to;
          if (ended) expect(next).toBe(state);
          state = next;
        }
      }),
    );
  });
});

describe('messages', () => {
  const base = {
    participantId: 'us',
    counterPartyId: 'them',
    dataspaceContext: 'space',
    processId: 'tra_1',
    agreementId: 'agr_1',
    datasetId: 'set_1',
    profile: 'HttpData-PULL',
    claims: {},
  };
  const dataAddress = { '@type': 'DataAddress', endpointType: 'https://w3id.org/idsa/v4.1/HTTP' } as const;

  test('each signal has its path and body', () => {
    expect(signalBody('prepare', 'm', { base, dataAddress })).toEqual({ messageId: 'm', ...base });
    expect(signalBody('start', 'm', { base, dataAddress })).toEqual({ messageId: 'm', ...base, dataAddress });
    expect(signalBody('suspend', 'm', { reason: '检修' })).toEqual({ messageId: 'm', reason: '检修' });
    expect(signalBody('resume', 'm')).toEqual({ messageId: 'm' });
    expect(signalBody('complete', 'm')).toBeUndefined();
    expect(signalPath('start', '')).toBe('/dataflows/start');
    expect(signalPath('complete', 'a/b')).toBe('/dataflows/a%2Fb/completed');
  });

  test('a status is read with or without ids, and refused for what changes its meaning', () => {
    expect(readFlowStatus({ state: 'PREPARED' })).toEqual({ ok: true, message: { state: 'PREPARED' } });
    const { '@type': _, ...untyped } = dataAddress;
    expect(
      readFlowStatus({ messageId: 'm', dataFlowId: 'f', state: 'STARTED', dataAddress: untyped, error: '' }),
    ).toEqual({
      ok: true,
      message: { dataFlowId: 'f', state: 'STARTED', dataAddress },
    });
    expect(readFlowStatus({ state: 'STARTED', dataAddress: {} })).toEqual({ ok: true, message: { state: 'STARTED' } });
    const wrong = [
      null,
      [],
      'PREPARED',
      { state: 'prepared' },
      { state: 'STARTED', dataFlowId: '' },
      { state: 'STARTED', dataAddress: { endpoint: 'https://a.example' } },
      { state: 'STARTED', dataAddress: { ...dataAddress, endpointProperties: [{ name: 'authorization' }] } },
    ];
    for (const one of wrong) expect(readFlowStatus(one).ok, JSON.stringify(one)).toBe(false);
  });
});

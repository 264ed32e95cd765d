/** First registration as the pack writes it: every state, clock, silence, stop and refusal, over a calendar with make-up days. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf, endOfDay } from '../calendar/calendar.ts';
import type { Data } from './model.ts';
import {
  applicant,
  book,
  calendar,
  clerk,
  momentIn,
  openCase,
  pin,
  reviewer,
  stranger,
  system,
} from './testing.world.ts';

const table = book.pinned(pin, 'registration.first');

const form: Data = {
  applicants: [
    { name: '甲公司', kind: 'legal', number: '91430100MA0000000X', contact: '张三', phone: '0731-1', address: '长沙' },
  ],
  objectKind: 'resource',
  dataName: '2025年湖南省货运车辆轨迹统计数据',
  dataSummary: '按区县汇总的货运车辆轨迹统计',
  industry: 'G54',
  dataSource: 'collected',
  regionScope: 'province',
  timeFrom: '2025-01-01',
  updateFrequency: 'month',
  dataForm: ['table'],
  structure: 'structured',
  limits: '无',
  rights: [{ holder: '甲公司', right: 'hold' }],
};

const at = momentIn;
const open = (data: Data = form, filed = '2026-02-11') =>
  openCase({ table, data, filed: at(filed), papers: ['identity', 'sourceProof', 'sample'] });

const opinion = { description: 'met', source: 'met', rights: 'met', opinion: '同意' };
const toReview = (world: ReturnType<typeof open>) => {
  world.take(applicant, 'submit');
  world.take(clerk, 'accept');
};
const toNotice = (world: ReturnType<typeof open>) => {
  toReview(world);
  world.take(clerk, 'concludeReview', opinion);
  world.take(reviewer, 'publish');
};

describe('acceptance', () => {
  it('is silent consent on the next working day, across Spring Festival and its make-up Saturday', () => {
    const world = open();
    world.goTo('2026-02-12');
    expect(world.take(applicant, 'submit')).toBe('submitted');
    // 13 (Fri), 14 (worked Saturday), 24 Feb; consent from 25 Feb 00:00, and ten working days from there.
    expect(world.lastDay('acceptance')).toBe('2026-02-24');
    world.goTo('2026-02-24T23:59:59');
    expect(world.state).toBe('submitted');
    world.goTo('2026-02-25T00:00:00');
    expect(world.state).toBe('reviewing');
    // From 25 Feb: 26, 27, 28 (worked Saturday), 2–6 Mar, 9, 10 Mar.
    expect(world.lastDay('whole')).toBe('2026-03-10');
    expect(world.clock('whole')!.startedAt).toEqual(at('2026-02-25T00:00:00'));
    expect(world.told.filter((text) => text.includes('视为'))).toHaveLength(3);
  });
  it('is not consent before the next working day: the weekend after the limit still is the registrar’s', () => {
    const world = open(form, '2026-03-03');
    world.take(applicant, 'submit');
    expect(world.lastDay('acceptance')).toBe('2026-03-06');
    world.goTo('2026-03-08T23:59:59');
    expect(world.state).toBe('submitted');
    world.goTo('2026-03-09T00:00:00');
    expect(world.state).toBe('reviewing');
  });
  it('tells the gaps once; late correction lapses', () => {
    const world = open();
    world.take(applicant, 'submit');
    expect(world.take(clerk, 'requestCorrection', { gaps: ['来源证明不清晰'], workingDays: 16 })).toBe(
      'kernel.invalid',
    );
    expect(world.take(clerk, 'requestCorrection', { gaps: [], workingDays: 5 })).toBe('kernel.invalid');
    expect(world.take(clerk, 'requestCorrection', { gaps: ['来源证明不清晰'], workingDays: 2 })).toBe('correction');
    expect(world.clock('acceptance')).toBeUndefined();
    expect(world.lastDay('correction')).toBe('2026-02-13');
    expect(world.take(applicant, 'resubmit', {}, { limits: '限省内' })).toBe('submitted');
    expect(world.case.data.limits).toBe('限省内');
    expect(world.lastDay('acceptance')).toBe('2026-02-14');
    expect(world.take(clerk, 'requestCorrection', { gaps: ['又一处'], workingDays: 2 })).toBe('cases.timesUsedUp');
    expect(world.take(clerk, 'declineAcceptance', { reason: '仍不齐全' })).toBe('notAccepted');
    expect(world.take(clerk, 'accept')).toBe('cases.notNow');

    const late = open();
    late.take(applicant, 'submit');
    late.take(clerk, 'requestCorrection', { gaps: ['缺样例'], workingDays: 1 });
    late.goTo('2026-02-13T00:00:00');
    expect(late.state).toBe('lapsed');
  });
});

describe('who may', () => {
  it.each([
    ['the applicant accepting its own case', applicant, 'accept', {}],
    ['a stranger accepting', stranger, 'accept', {}],
    ['the registrar withdrawing for the applicant', clerk, 'withdraw', {}],
    ['a person playing the system', clerk, 'acceptBySilence', {}],
    ['an organisation that is no registrar', { ...clerk, roles: new Set(['demander']) }, 'accept', {}],
    ['a clerk without the permission', { ...clerk, permissions: new Set<string>() }, 'accept', {}],
    ['nobody', { ...stranger, kind: 'anonymous' as const, participant: '' }, 'accept', {}],
  ])('refuses %s', (_, who, move, input) => {
    const world = open();
    world.take(applicant, 'submit');
    expect(world.take(who, move, input)).toBe('kernel.notPermitted');
  });
  it('one person never does both reviews', () => {
    const world = open();
    toReview(world);
    world.take(clerk, 'concludeReview', opinion);
    for (const move of ['publish', 'refuse', 'sendBack'])
      expect(world.take(clerk, move, { reason: '-', ground: 'dispute' })).toBe('cases.samePerson');
    expect(world.take(reviewer, 'publish')).toBe('notice');
  });
});

describe('the whole case', () => {
  it('stands still for supplements, and for notice and objection', () => {
    const world = open();
    world.goTo('2026-09-14');
    toReview(world);
    // From Mon 14 Sep: 15–18, 20 (worked Sunday), 21–24, 28 Sep.
    expect(world.lastDay('whole')).toBe('2026-09-28');
    world.goTo('2026-09-16');
    expect(world.take(clerk, 'requestSupplement', { gaps: ['合同'], workingDays: 5 })).toBe('supplement');
    expect(world.clock('whole')).toMatchObject({ remaining: 8, dueAt: null, firesAt: null });
    // Stopped days 17, 18, 20, 21 do not count.
    world.goTo('2026-09-21');
    expect(world.take(applicant, 'supply')).toBe('reviewing');
    expect(world.lastDay('whole')).toBe('2026-10-09');
    world.take(clerk, 'concludeReview', opinion);
    world.take(reviewer, 'publish');
    expect(world.clock('whole')).toMatchObject({ remaining: 8 });
    expect(world.lastDay('notice')).toBe('2026-09-29');
    world.goTo('2026-09-30T00:00:00');
    expect(world.state).toBe('evidencing');
    // Eight left from 30 Sep: 8, 9, 10 (worked Saturday), 12–16 Oct.
    expect(world.lastDay('whole')).toBe('2026-10-16');
    expect(world.take(system, 'recordEvidence', { evidenceNumber: 'E1', evidencedAt: '2026-09-30' })).toBe(
      'registered',
    );
    expect(world.clock('whole')).toBeUndefined();
    expect(world.take(clerk, 'certify')).toBe('certified');
    expect(world.last).toMatchObject({ ended: true, effects: ['issueCertificate'], log: 'effect' });
  });
  it('is extended by ten working days in all, and not once it has passed', () => {
    const world = open(form, '2026-03-02');
    toReview(world);
    expect(world.lastDay('whole')).toBe('2026-03-16');
    expect(world.take(reviewer, 'extend', { workingDays: 6, reason: '复杂' })).toBe('reviewing');
    expect(world.take(reviewer, 'extend', { workingDays: 5, reason: '复杂' })).toBe('cases.extensionUsedUp');
    expect(world.take(reviewer, 'extend', { workingDays: 1.5, reason: '复杂' })).toBe('kernel.invalid');
    expect(world.take(reviewer, 'extend', { workingDays: 4, reason: '复杂' })).toBe('reviewing');
    expect(world.lastDay('whole')).toBe('2026-03-30');
    world.goTo('2026-03-31T00:00:00');
    expect(world.clock('whole')!.overdueAt).toEqual(endOfDay('2026-03-30'));
    expect(world.state).toBe('reviewing');

    const passed = open(form, '2026-03-02');
    toReview(passed);
    passed.goTo('2026-03-17T00:00:00');
    expect(passed.take(reviewer, 'extend', { workingDays: 1, reason: '晚' })).toBe('cases.notNow');
    // What has passed stays passed, whatever stops afterwards.
    passed.take(clerk, 'requestSupplement', { gaps: ['合同'], workingDays: 5 });
    passed.take(applicant, 'supply');
    expect(passed.clock('whole')!.overdueAt).toEqual(endOfDay('2026-03-16'));
  });
  it('ends when supplements do not come', () => {
    const world = open(form, '2026-03-02');
    toReview(world);
    world.take(clerk, 'requestSupplement', { gaps: ['合同'], workingDays: 3 });
    world.goTo('2026-03-06T00:00:00');
    expect(world.state).toBe('terminated');
    expect(world.case.clocks).toEqual([]);
  });
});

describe('public notice', () => {
  it('shows name, summary and limits, and no identity number or telephone', () => {
    const world = open();
    toNotice(world);
    expect(world.last.publicData).toEqual({
      applicants: [{ name: '甲公司' }],
      dataName: form.dataName,
      dataSummary: form.dataSummary,
      limits: '无',
    });
    expect(world.last.log).toBe('effect');
    expect(world.take(reviewer, 'endNotice')).toBe('kernel.notPermitted');
  });
  it('stands still for an objection, with what was left of it', () => {
    const world = open(form, '2026-03-02');
    toNotice(world);
    expect(world.lastDay('notice')).toBe('2026-03-09');
    world.goTo('2026-03-04');
    expect(world.take(stranger, 'object', { reason: '权属有争议' })).toBe('cases.paperMissing');
    world.attach(stranger, 'objectionMaterial');
    expect(world.take(stranger, 'object')).toBe('kernel.invalid');
    expect(world.take(clerk, 'object', { reason: '权属有争议' })).toBe('kernel.notPermitted');
    expect(world.take(stranger, 'object', { reason: '权属有争议' })).toBe('objection');
    expect(world.case.parties).toEqual({ objector: ['org_s'] });
    expect(world.clock('notice')).toMatchObject({ remaining: 3, dueAt: null });
    expect(world.lastDay('inquiry')).toBe('2026-03-18');
    world.goTo('2026-03-13');
    expect(world.take(reviewer, 'dismissObjection', { reason: '不成立' })).toBe('notice');
    expect(world.lastDay('notice')).toBe('2026-03-18');
    expect(world.told.at(-2)).toBe('org_s: 对《货运轨迹》的异议不成立：不成立');
    world.attach(stranger, 'objectionMaterial');
    world.take(stranger, 'object', { reason: '仍有争议' });
    expect(world.take(reviewer, 'upholdObjection', { ground: 'dispute', reason: '确有争议' })).toBe('refused');
    expect(world.last.publicData).toBeNull();
  });
  it('is left out only where the applicant asked for it with a reason', () => {
    const plain = open();
    toReview(plain);
    plain.take(clerk, 'concludeReview', opinion);
    expect(plain.take(reviewer, 'exemptFromNotice', { reason: '同意' })).toBe('cases.guarded');
    expect(open({ ...form, noNotice: true }).take(applicant, 'submit')).toBe('kernel.invalid');
    const asked = open({ ...form, noNotice: true, noNoticeReason: '涉及商业秘密' });
    toReview(asked);
    asked.take(clerk, 'concludeReview', opinion);
    expect(asked.take(reviewer, 'exemptFromNotice', { reason: '同意' })).toBe('evidencing');
    expect(asked.last.publicData).toBeNull();
  });
});

describe('what may be registered', () => {
  const rights = (...list: string[]) => list.map((right) => ({ holder: '甲公司', right }));
  it.each([
    ['collected', ['hold', 'use', 'operate'], {}, 'submitted'],
    ['caused', ['hold', 'use', 'operate'], {}, 'submitted'],
    ['personal', ['hold', 'use', 'operate'], {}, 'submitted'],
    ['utility', ['operate'], {}, 'submitted'],
    ['publicCrawl', ['hold', 'use'], {}, 'submitted'],
    ['publicCrawl', ['operate'], {}, 'kernel.invalid'],
    ['publicCrawl', ['operate'], { notSubstituting: true }, 'submitted'],
    ['fusion', ['hold', 'use'], { contractSilent: true }, 'submitted'],
    ['fusion', ['operate'], { contractSilent: true }, 'kernel.invalid'],
    ['fusion', ['operate'], { contractSilent: true, othersConsent: true }, 'submitted'],
    ['fusion', ['operate'], {}, 'submitted'],
    ['derived', ['hold'], {}, 'kernel.invalid'],
    ['derived', ['hold', 'use', 'operate'], { sourceUseRight: true }, 'submitted'],
    ['entrusted', ['use'], {}, 'kernel.invalid'],
    ['entrusted', ['use'], { agreedRight: true }, 'submitted'],
    ['government', ['hold'], {}, 'kernel.invalid'],
    ['publicOperation', ['operate'], {}, 'kernel.invalid'],
    ['publicOperation', ['operate'], { publicDataRegistration: 'GGSJ-1' }, 'submitted'],
  ])('%s, %j with %j: %s', (dataSource, list, more, expected) => {
    expect(open({ ...form, dataSource, rights: rights(...list), ...more }).take(applicant, 'submit')).toBe(expected);
  });
  it('warns, and does not refuse, where the contract is silent or a text is long', () => {
    const world = open({
      ...form,
      dataSource: 'agreement',
      contractSilent: true,
      dataName: '数'.repeat(41),
      dataSummary: '据'.repeat(401),
    });
    expect(world.take(applicant, 'submit')).toBe('submitted');
    expect(world.last.warnings.map((warning) => warning.field)).toEqual([
      'body.form.dataName',
      'body.form.dataSummary',
      'body.form.rights.0.right',
    ]);
    const exact = open({ ...form, dataName: '𠮷'.repeat(40) });
    exact.take(applicant, 'submit');
    expect(exact.last.warnings).toEqual([]);
  });
  it.each(['security', 'illegalSource', 'dispute', 'falseProof', 'otherLaw'])(
    'is refused in writing on the ground %s',
    (ground) => {
      const world = open();
      toReview(world);
      world.take(clerk, 'concludeReview', opinion);
      expect(world.take(reviewer, 'refuse', { ground })).toBe('kernel.invalid');
      expect(world.take(reviewer, 'refuse', { ground: 'whim', reason: '不予登记' })).toBe('kernel.invalid');
      expect(world.take(reviewer, 'refuse', { ground, reason: '不予登记' })).toBe('refused');
      expect(world.told.at(-1)).toContain('不予登记');
    },
  );
});

// An independent book of the whole case's limit: working days that passed while the case stood in a running state.
const running = new Set(['reviewing', 'rechecking', 'evidencing']);
const people = [applicant, clerk, reviewer, stranger];

const inputFor = (id: string, days: number): Data => {
  const input: Data = {};
  const sample = { number: days, list: ['x'], date: '2026-03-01' } as Record<string, unknown>;
  for (const field of table.moves.find((move) => move.id === id)!.input)
    input[field.id] = field.choices?.[0]?.id ?? sample[field.type] ?? 'x';
  return input;
};

describe('random walks', () => {
  // `choice` picks among the moves of the present state; ends are picked last, so that walks go far.
  const steps = fc.array(
    fc.record({
      choice: fc.nat(50),
      who: fc.constantFrom(...people),
      hours: fc.integer({ min: 0, max: 60 }),
      days: fc.integer({ min: 1, max: 10 }),
    }),
    {
      minLength: 10,
      maxLength: 60,
    },
  );
  const pick = (state: string, choice: number): string => {
    const open = table.moves.filter((move) => move.from.includes(state));
    const on = open.filter((move) => move.to !== 'withdrawn' && !table.states[move.to]?.end);
    const from = choice % 7 === 0 ? table.moves : on.length ? on : open.length ? open : table.moves;
    return from[choice % from.length]!.id;
  };

  it('keep the books of time, never move after the end, and show only what is public', () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 200 }), (walk, offset) => {
        const world = open(
          { ...form, noNotice: true, noNoticeReason: '商业秘密' },
          dayOf(new Date(Date.UTC(2026, 0, 5 + offset))),
        );
        world.attach(stranger, 'objectionMaterial');
        let now = world.case.filedAt;
        let spent = 0;
        for (const { choice, who, hours, days } of walk) {
          const before = world.case;
          const hadWhole = world.clock('whole') !== undefined;
          const move = pick(before.state, choice);
          // Most steps are made by someone who may.
          const fit = people.find(
            (person) => choice % 5 !== 0 && !world.tryOut(person, move, inputFor(move, days)).includes('.'),
          );
          const result = world.take(fit ?? who, move, inputFor(move, days));
          if (before.endedAt) expect(result).toContain('.');
          if (result.includes('.')) expect(world.case).toBe(before);
          else reached.add(result);
          if (!hadWhole && world.clock('whole')) spent = 0;
          checkNow(world);

          for (let hour = 0; hour < hours; hour++) {
            const next = new Date(now.getTime() + 3_600_000);
            const whole = world.clock('whole');
            const counted = whole !== undefined && running.has(world.state);
            world.until(next);
            if (counted && dayOf(next) !== dayOf(now) && calendar.isWorkingDay(dayOf(next))) spent++;
            now = next;
            if (!whole && world.clock('whole')) spent = 0;
            checkNow(world);
            const after = world.clock('whole');
            if (after?.dueAt && !after.overdueAt)
              expect(spent + calendar.countWorkingDays(dayOf(now), dayOf(new Date(after.dueAt.getTime() - 1)))).toBe(
                10 + after.extendedBy,
              );
          }
        }
      }),
      { numRuns: 50, seed: 26 },
    );
    // The walk is worth something only if it comes everywhere that people can bring a case.
    expect([...reached]).toEqual(
      expect.arrayContaining([
        'submitted',
        'correction',
        'reviewing',
        'supplement',
        'rechecking',
        'notice',
        'objection',
        'evidencing',
        'registered',
        'certified',
      ]),
    );
  });
});

const checkNow = (world: ReturnType<typeof open>) => {
  const { clocks, endedAt, state } = world.case;
  const live = clocks.map((clock) => clock.clock);
  expect(new Set(live).size).toBe(live.length);
  if (endedAt) expect(live).toEqual([]);
  const whole = world.clock('whole');
  if (whole) expect(whole.extendedBy).toBeLessThanOrEqual(10);
  if (whole && !whole.overdueAt) expect(whole.pausedAt === null).toBe(running.has(state));
  if (world.last?.publicData) expect(JSON.stringify(world.last.publicData)).not.toMatch(/91430100|0731/);
};

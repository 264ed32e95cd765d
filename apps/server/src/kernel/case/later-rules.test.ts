/** Objections after issue, and the later procedures, as the pack writes them: who answers, until when, and what silence does. */
import { describe, expect, it } from 'vitest';
import { endOfDay } from '../calendar/calendar.ts';
import type { Data } from './model.ts';
import { actor, applicant, book, clerk, momentIn, openCase, pin, reviewer, stranger, system } from './testing.world.ts';

const holder = actor('hua', 'org_h', 'productSupplier');
const certificate = 'SJ4312026070001';
const opinion = { description: 'met', source: 'met', rights: 'met', opinion: '同意' };

const open = (procedure: string, data: Data, filed: string, papers: string[], parties = {}) =>
  openCase({ table: book.pinned(pin, `registration.${procedure}`), data, filed: momentIn(filed), papers, parties });

const objection = (filed = '2026-03-02') =>
  open(
    'objection',
    { certificate, holder: ['org_h'], claim: '请求注销', reason: '数据由本单位采集' },
    filed,
    ['identity', 'objectionMaterial'],
    { holder: ['org_h'] },
  );
const told = (filed?: string) => {
  const world = objection(filed);
  world.take(applicant, 'submit');
  world.take(clerk, 'accept');
  world.take(clerk, 'tellHolder');
  return world;
};

describe('an objection after issue', () => {
  it('is corrected once, or not accepted with a reason', () => {
    const world = objection();
    expect(world.take(stranger, 'submit')).toBe('kernel.notPermitted');
    expect(world.take(applicant, 'submit')).toBe('submitted');
    expect(world.take(clerk, 'requestCorrection', {})).toBe('kernel.invalid');
    expect(world.take(clerk, 'requestCorrection', { gaps: ['缺证明'] })).toBe('correction');
    expect(world.take(clerk, 'accept')).toBe('cases.notNow');
    expect(world.take(applicant, 'resubmit', {}, { reason: '补充了说明' })).toBe('submitted');
    expect(world.take(clerk, 'requestCorrection', { gaps: ['又缺'] })).toBe('cases.timesUsedUp');
    expect(world.take(clerk, 'declineAcceptance', {})).toBe('kernel.invalid');
    expect(world.take(clerk, 'declineAcceptance', { reason: '与凭证无关' })).toBe('notAccepted');
    expect(world.take(applicant, 'withdraw')).toBe('cases.notNow');
  });
  it('must be told to the holder within five working days, across the National Day holiday; late is late', () => {
    const world = objection('2026-09-24');
    world.take(applicant, 'submit');
    expect(world.take(clerk, 'accept')).toBe('notifying');
    // From Thursday 24 Sep: 25–27 is Mid-Autumn; 28, 29, 30 Sep; 1–7 Oct is holiday; 8, 9 Oct.
    expect(world.lastDay('notify')).toBe('2026-10-09');
    world.goTo('2026-10-09T23:59:59');
    expect(world.clock('notify')!.overdueAt).toBeNull();
    world.goTo('2026-10-10T00:00:00');
    expect(world.clock('notify')!.overdueAt).toEqual(endOfDay('2026-10-09'));
    // Late, and still to be done: nothing lapses to the objector's harm.
    expect(world.state).toBe('notifying');
    expect(world.take(clerk, 'tellHolder')).toBe('answering');
    expect(world.clock('notify')).toBeUndefined();
  });
  it('gives the holder ten working days from opening the notice; silence leads to the inquiry', () => {
    const world = told();
    world.goTo('2026-03-20');
    expect(world.clock('answer')).toMatchObject({ awaitsService: true, dueAt: null });
    world.serve();
    expect(world.lastDay('answer')).toBe('2026-04-03');
    world.goTo('2026-04-03T23:59:59');
    expect(world.state).toBe('answering');
    world.goTo('2026-04-04T00:00:00');
    expect(world.state).toBe('inquiry');
    expect(world.told.slice(-2).map((text) => text.slice(0, 5))).toEqual(['org_r', 'org_a']);
    // From Saturday 4 Apr (Qingming until 6 Apr): thirty working days, 9 May being a worked Saturday after 1–5 May.
    expect(world.lastDay('inquiry')).toBe('2026-05-20');
    world.goTo('2026-05-21T00:00:00');
    expect(world.clock('inquiry')!.overdueAt).toEqual(endOfDay('2026-05-20'));
    expect(world.take(reviewer, 'uphold', { reason: '异议属实' })).toBe('upheld');
    expect(world.last).toMatchObject({ effects: ['objectionUpheld'], log: 'commitment', ended: true });
  });
  it('is conceded by the holder alone, which ends it', () => {
    const world = told();
    for (const who of [applicant, clerk, stranger]) expect(world.take(who, 'concede')).toBe('kernel.notPermitted');
    expect(world.take(holder, 'concede')).toBe('conceded');
    expect(world.last).toMatchObject({ effects: ['objectionConceded'], ended: true });
    expect(world.told.slice(-2).map((text) => text.slice(0, 5))).toEqual(['org_a', 'org_r']);
  });
  it('is contested with a reason, looked into, and dismissed; both sides are told', () => {
    const world = told();
    world.goTo('2026-03-04');
    expect(world.take(holder, 'contest')).toBe('kernel.invalid');
    expect(world.take(holder, 'contest', { reason: '依法采集' })).toBe('inquiry');
    expect(world.clock('answer')).toBeUndefined();
    expect(world.lastDay('inquiry')).toBe('2026-04-16');
    expect(world.told.slice(-2).map((text) => text.slice(0, 5))).toEqual(['org_r', 'org_a']);
    expect(world.take(clerk, 'uphold', {})).toBe('kernel.invalid');
    expect(world.take(holder, 'dismiss', { reason: '-' })).toBe('kernel.notPermitted');
    expect(world.take(reviewer, 'dismiss', { reason: '证据不足' })).toBe('dismissed');
    expect(world.last.log).toBe('commitment');
    expect(world.told.slice(-2)).toEqual(['org_a: 异议不成立：证据不足', 'org_h: 对《货运轨迹》的异议不成立。']);
  });
  it('is looked into without an answer where the registrar says why, and withdrawn until it is decided', () => {
    const world = told();
    expect(world.take(reviewer, 'inquire', {})).toBe('kernel.invalid');
    expect(world.take(reviewer, 'inquire', { reason: '权利人下落不明' })).toBe('inquiry');
    expect(world.take(applicant, 'withdraw')).toBe('withdrawn');
    expect(world.case.clocks).toEqual([]);
  });
  it('never shows anything to the public', () => {
    const world = told();
    world.take(holder, 'contest', { reason: '依法采集' });
    expect(world.last.publicData).toBeNull();
    expect(world.take(stranger, 'withdraw')).toBe('kernel.notPermitted');
  });
});

const transferData = {
  certificate,
  transferor: [{ name: '甲公司', code: '914301000000000001' }],
  transferee: [{ name: '乙公司', code: '914301000000000002' }],
  transfereeMember: ['org_h'],
  dataName: '货运轨迹',
  rights: [{ right: 'operate' }],
  limits: '无',
  noNotice: true,
};
const transfer = (over: Data = {}) =>
  open('transfer', { ...transferData, ...over }, '2026-03-02', ['identity', 'transferContract'], {
    transferee: ['org_h'],
  });

describe('a transfer', () => {
  it('is both sides’ application: nothing runs until the transferee joins', () => {
    const world = transfer();
    expect(world.take(applicant, 'submit')).toBe('joint');
    expect(world.case.clocks).toEqual([]);
    expect(world.take(clerk, 'accept')).toBe('cases.notNow');
    for (const who of [applicant, clerk, stranger]) expect(world.take(who, 'join')).toBe('kernel.notPermitted');
    world.goTo('2026-03-10');
    expect(world.take(holder, 'join')).toBe('submitted');
    expect(world.lastDay('acceptance')).toBe('2026-03-13');
    world.goTo('2026-03-16T00:00:00');
    expect(world.state).toBe('reviewing');
  });
  it('ends where the transferee declines, and can be withdrawn before it joins', () => {
    const declined = transfer();
    declined.take(applicant, 'submit');
    expect(declined.take(applicant, 'declineToJoin')).toBe('kernel.notPermitted');
    expect(declined.take(holder, 'declineToJoin')).toBe('withdrawn');
    expect(declined.told.at(-1)).toBe('org_a: 受让人不同意《货运轨迹》的转让登记申请。');
    const withdrawn = transfer();
    withdrawn.take(applicant, 'submit');
    expect(withdrawn.take(applicant, 'withdraw')).toBe('withdrawn');
    expect(withdrawn.take(holder, 'join')).toBe('cases.notNow');
  });
  it('is put on notice like a first registration, and objectors join one another there', () => {
    const world = transfer({ noNotice: false });
    world.take(applicant, 'submit');
    world.take(holder, 'join');
    world.take(clerk, 'accept');
    world.take(clerk, 'concludeReview', opinion);
    expect(world.take(reviewer, 'exemptFromNotice', { reason: '同意' })).toBe('cases.guarded');
    expect(world.take(reviewer, 'publish')).toBe('notice');
    expect(world.last.publicData).toMatchObject({ transferor: [{ name: '甲公司' }], transferee: [{ name: '乙公司' }] });
    expect(JSON.stringify(world.last.publicData)).not.toContain('9143');
    world.attach(stranger, 'objectionMaterial');
    expect(world.take(stranger, 'object', { reason: '权属有争议' })).toBe('objection');
    const second = actor('tom', 'org_t', 'demander');
    expect(world.take(second, 'joinObjection', { reason: '同上' })).toBe('cases.paperMissing');
    world.attach(second, 'objectionMaterial');
    const due = world.lastDay('inquiry');
    expect(world.take(second, 'joinObjection', { reason: '同上' })).toBe('objection');
    expect(world.case.parties.objector).toEqual(['org_s', 'org_t']);
    // One inquiry, whoever comes later.
    expect(world.lastDay('inquiry')).toBe(due);
    expect(world.take(stranger, 'answerObjection', { statement: '-' })).toBe('kernel.notPermitted');
    expect(world.take(applicant, 'answerObjection', { statement: '已附合同' })).toBe('objection');
    expect(world.take(reviewer, 'dismissObjection', { reason: '不成立' })).toBe('notice');
    expect(world.told.filter((text) => text.includes('不成立：')).map((text) => text.slice(0, 5))).toEqual([
      'org_s',
      'org_t',
    ]);
  });
});

const later = {
  change: { certificate, dataName: '货运轨迹', changes: [{ item: 'description', before: '旧', after: '新' }] },
  renewal: { certificate, dataName: '货运轨迹', years: 5, rightsKept: ['operate'] },
  cancellation: { certificate, dataName: '货运轨迹', ground: 'asked', explanation: '不再经营' },
};
const papersOf = { change: ['identity', 'changeProof'], renewal: ['identity'], cancellation: ['identity'] };

describe.each(Object.keys(later) as (keyof typeof later)[])('%s', (procedure) => {
  const world = () => open(procedure, later[procedure], '2026-04-28', papersOf[procedure]);
  const reviewed = () => {
    const one = world();
    one.take(applicant, 'submit');
    one.take(clerk, 'accept');
    one.take(clerk, 'concludeReview', opinion);
    return one;
  };
  it('is accepted by silence on the next working day and due ten working days later, May Day and its make-up day counted', () => {
    const one = world();
    expect(one.take(applicant, 'submit')).toBe('submitted');
    // 29, 30 Apr; holiday 1–5 May; 6 May. Silence from 7 May; then 8, 9 (worked Saturday), 11–15, 18–20 May.
    expect(one.lastDay('acceptance')).toBe('2026-05-06');
    one.goTo('2026-05-06T23:59:59');
    expect(one.state).toBe('submitted');
    one.goTo('2026-05-07T00:00:00');
    expect(one.state).toBe('reviewing');
    expect(one.lastDay('whole')).toBe('2026-05-20');
    one.goTo('2026-05-21T00:00:00');
    expect(one.clock('whole')!.overdueAt).toEqual(endOfDay('2026-05-20'));
  });
  it('has no public notice, two reviewers, and is complete with its evidence', () => {
    const one = reviewed();
    expect(one.take(reviewer, 'publish')).toBe('cases.moveUnknown');
    expect(one.take(clerk, 'approve')).toBe('cases.samePerson');
    expect(one.take(reviewer, 'approve')).toBe('evidencing');
    expect(one.last.publicData).toBeNull();
    expect(one.take(clerk, 'certify')).toBe('cases.notNow');
    const evidence = { evidenceNumber: 'E1', evidencedAt: '2026-04-28' };
    expect(one.take(system, 'recordEvidence', evidence)).toBe('registered');
    expect(one.clock('whole')).toBeUndefined();
    expect(one.take(clerk, 'certify')).toBe('certified');
    expect(one.last).toMatchObject({ ended: true, log: 'effect' });
  });
  it('is refused in writing, corrected once, terminated without proof, discarded as a draft', () => {
    const refused = reviewed();
    expect(refused.take(reviewer, 'refuse', { ground: 'falseProof' })).toBe('kernel.invalid');
    expect(refused.take(reviewer, 'refuse', { ground: 'falseProof', reason: '材料虚假' })).toBe('refused');
    const late = world();
    late.take(applicant, 'submit');
    expect(late.take(clerk, 'requestCorrection', { gaps: ['缺证明'], workingDays: 3 })).toBe('correction');
    late.goTo('2026-05-06T23:59:59');
    expect(late.state).toBe('correction');
    late.goTo('2026-05-07T00:00:00');
    expect(late.state).toBe('lapsed');
    const silent = world();
    silent.take(applicant, 'submit');
    silent.take(clerk, 'accept');
    silent.take(clerk, 'requestSupplement', { gaps: ['说明'], workingDays: 1 });
    silent.goTo('2026-04-30T00:00:00');
    expect(silent.state).toBe('terminated');
    const draft = world();
    expect(draft.take(clerk, 'discard')).toBe('kernel.notPermitted');
    expect(draft.take(applicant, 'discard')).toBe('withdrawn');
    expect(draft.told).toEqual([]);
    expect(draft.take(applicant, 'submit')).toBe('cases.notNow');
  });
});

describe('what a later application must say', () => {
  it.each<[keyof typeof later, Data]>([
    ['change', { changes: [] }],
    ['renewal', { years: 6 }],
    ['renewal', { years: 0 }],
    ['renewal', { rightsKept: ['sell'] }],
    ['cancellation', { ground: 'whim' }],
    ['cancellation', { certificate: 'SJ43' }],
  ])('%s with %j is refused', (procedure, over) => {
    const world = open(procedure, { ...later[procedure], ...over }, '2026-04-28', papersOf[procedure]);
    expect(world.take(applicant, 'submit')).toBe('kernel.invalid');
  });
});

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, describe as group, it } from 'vitest';
import { describe, loadRulePacks, makeRuleBook, parsePack } from './rulebook.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
type Part = Record<string, unknown>;
interface Loose extends Part {
  rules: Part[];
  procedures: { form: Part[]; moves: Part[]; states: Record<string, Part>; clocks: Part[] }[];
}
const depot = async (change: (pack: Loose) => void = () => {}): Promise<Loose> => {
  const pack = JSON.parse(await readFile(here('../case/testdata/depot.json'), 'utf8'));
  change(pack);
  return pack;
};
const move = (pack: Loose, id: string): Part => pack.procedures[0]!.moves.find((one) => one.id === id)!;

group('the shipped packs', async () => {
  const book = await loadRulePacks(here('../../../../../rulepacks'));
  const guide = book.current('dpr26', new Date('2026-11-01'))!;

  it.each([
    ['acceptanceDays', 3],
    ['wholeDays', 10],
    ['wholeExtensionDaysMax', 10],
    ['noticeDays', 5],
    ['objectionDays', 10],
    ['postIssueNotifyDays', 5],
    ['validityYearsMax', 5],
    ['retentionYears', 20],
    ['dataNameCharacters', 40],
    ['dataSummaryCharacters', 400],
  ])('carry the guide’s figure %s = %d', (id, value) => expect(book.number(guide.pin, id)).toBe(value));

  it('know the form of a certificate code', () => {
    const pattern = new RegExp(String(book.value(guide.pin, 'codePattern')));
    expect(['SJ4312026070001', 'SJ9902026129999'].every((code) => pattern.test(code))).toBe(true);
    for (const wrong of ['SJ4312026070000', 'SJ4312026130001', 'SJ431202607001', 'XX4312026070001'])
      expect(pattern.test(wrong)).toBe(false);
  });
  it('say where a figure comes from, and never print an unconfirmed one as law', () => {
    for (const pack of book.packs)
      for (const rule of pack.rules.values()) {
        const { zh, en } = describe(rule);
        expect(zh.includes('未经核实')).toBe(!rule.confirmed);
        expect(en.includes('unconfirmed')).toBe(!rule.confirmed);
        if (rule.confirmed) expect(zh).toContain(rule.source.instrument);
        else expect(zh).not.toContain(rule.source.instrument);
      }
    const acceptance = describe(book.rule(guide.pin, 'acceptanceDays'));
    expect(acceptance.zh).toBe('受理审查时限：3个工作日（参照：数据产权登记工作指引（试行）国数综政策〔2026〕35号）');
  });
  it('are the guide’s word only as a guide', () => {
    for (const rule of guide.rules.values()) expect(rule.force).not.toBe('law');
  });
  it('hold every procedure of the registration guide', () => {
    expect([...guide.procedures.keys()]).toEqual(
      ['first', 'transfer', 'change', 'renewal', 'cancellation', 'objection'].map((name) => `registration.${name}`),
    );
  });
});

group('versions', () => {
  const version = async (number: string, validFrom: string, days: number) =>
    parsePack(
      await depot((pack) => {
        Object.assign(pack, { version: number, validFrom });
        Object.assign(pack.rules[0]!, { value: days });
      }),
      'test',
    );
  it('new cases take the version in force on the local day; a pin keeps its own', async () => {
    const book = makeRuleBook([await version('1.0', '2026-01-01', 3), await version('1.1', '2026-07-01', 5)]);
    expect(book.procedure('depot.loan', new Date('2026-06-30T15:59:59Z'))!.pack.pin).toBe('depot@1.0');
    expect(book.procedure('depot.loan', new Date('2026-06-30T16:00:00Z'))!.pack.pin).toBe('depot@1.1');
    expect(book.procedure('depot.loan', new Date('2025-12-31T15:00:00Z'))).toBeUndefined();
    expect([book.number('depot@1.0', 'answerDays'), book.number('depot@1.1', 'answerDays')]).toEqual([3, 5]);
    expect(() => book.value('depot@9', 'answerDays')).toThrow('not loaded');
    expect(() => book.value('depot@1.0', 'none')).toThrow('not in');
  });
  it('of two versions from one day the higher stands', async () => {
    const book = makeRuleBook([await version('1.10', '2026-01-01', 3), await version('1.9', '2026-01-01', 5)]);
    expect(book.current('depot', new Date('2026-02-01'))!.version).toBe('1.10');
  });
  it('one version twice, and one procedure in two packs, are refused', async () => {
    const one = await version('1.0', '2026-01-01', 3);
    expect(() => makeRuleBook([one, one])).toThrow('one id and version');
    expect(() => makeRuleBook([one, { ...one, id: 'other', pin: 'other@1.0' }])).toThrow('two packs');
  });
});

group('how long records are kept', () => {
  const years = (id: string, value: number, unit = 'calendarYear') => ({
    ...{ id, title: { zh: id, en: id }, value, unit, force: 'law', confirmed: false, validFrom: '2020-01-01' },
    source: { instrument: '测试规则', article: '' },
  });
  const keeping = async (maximum: [number, string], minimum: string[] = ['least', 'more']) =>
    parsePack(
      await depot((pack) => {
        pack.rules.push(years('least', 3), years('more', 5), years('most', ...maximum));
        Object.assign(pack, {
          retention: [{ id: 'loan', title: { zh: '借用', en: 'loans' }, minimum, maximum: 'most' }],
        });
      }),
      'test',
    );
  const from = async (now: string, ...more: Parameters<typeof keeping>) =>
    makeRuleBook([await keeping(...more)])
      .retention(new Date(now))[0]!
      .from!.toISOString();

  it('the maximum decides, counted back from now', async () => {
    expect(await from('2026-07-01T01:00:00Z', [6, 'calendarYear'])).toBe('2020-07-01T01:00:00.000Z');
    expect(await from('2026-07-01T01:00:00Z', [62, 'calendarMonth'])).toBe('2021-05-01T01:00:00.000Z');
    // The last day of a shorter month, by the calendar of Shanghai, where this is the 31st already.
    expect(await from('2026-03-30T17:00:00Z', [61, 'calendarMonth'])).toBe('2021-02-27T17:00:00.000Z');
    expect(await from('2026-07-01T01:00:00Z', [72, 'hour'], [])).toBe('2026-06-28T01:00:00.000Z');
  });
  it('a maximum below a minimum, however an operator wishes it, is refused', async () => {
    await expect(keeping([4, 'calendarYear'])).rejects.toThrow('most is shorter than more');
    await expect(keeping([59, 'calendarMonth'])).rejects.toThrow('most is shorter than more');
    await expect(keeping([60, 'calendarMonth'])).resolves.toBeDefined();
  });
  it('rules that are no period, and classes in two packs, are refused', async () => {
    await expect(keeping([6, 'workingDay'])).rejects.toThrow('most gives no period');
    await expect(keeping([6, 'calendarYear'], ['none'])).rejects.toThrow('none gives no period');
    const one = { ...(await keeping([6, 'calendarYear'])), procedures: new Map() };
    expect(() => makeRuleBook([one, { ...one, id: 'other', pin: 'other@1' }])).toThrow('two packs');
  });
});

group('a faulty table is refused with what is wrong', () => {
  it.each<[string, (pack: Loose) => void, string]>([
    ['unknown target', (pack) => Object.assign(move(pack, 'ask'), { to: 'nowhere' }), 'state nowhere is unknown'],
    [
      'unknown rule',
      (pack) => Object.assign(pack.procedures[0]!.clocks[0]!, { length: { rule: 'noDays' } }),
      'rule noDays',
    ],
    ['a state that nobody reaches', (pack) => Object.assign(move(pack, 'grant'), { to: 'asked' }), 'never reached'],
    [
      'a state without a way out',
      (pack) =>
        Object.assign(pack.procedures[0]!, {
          moves: pack.procedures[0]!.moves.filter((one) => !['collect', 'giveUp'].includes(String(one.id))),
        }),
      'no way out',
    ],
    [
      'expiry by a person',
      (pack) => Object.assign(move(pack, 'giveUp'), { by: ['handler'] }),
      'needs a move by the system',
    ],
    ['an end that is left', (pack) => Object.assign(move(pack, 'collect'), { from: ['ended'] }), 'leaves the end'],
    [
      'a public field that is none',
      (pack) => Object.assign(pack.procedures[0]!.states.asked!, { public: ['colour'] }),
      'public field colour',
    ],
    [
      'a start that others see',
      (pack) => Object.assign(pack.procedures[0]!.states.draft!, { private: false }),
      'must be private',
    ],
    ['an unknown paper', (pack) => Object.assign(move(pack, 'ask'), { papers: ['photo'] }), 'paper photo'],
    ['an unknown party', (pack) => Object.assign(move(pack, 'remark'), { joins: 'friend' }), 'party friend'],
    ['an unknown actor', (pack) => Object.assign(move(pack, 'ask'), { by: ['owner'] }), 'by'],
    ['a misspelt key', (pack) => Object.assign(move(pack, 'ask'), { permision: 'x' }), 'permision'],
    [
      'clear where nothing is public',
      (pack) => Object.assign(move(pack, 'grant'), { log: 'clear' }),
      'nothing is public',
    ],
    [
      'a person in a clear step',
      (pack) => Object.assign(pack.procedures[0]!.form[0]!, { personal: 'notice' }),
      'may not enter the log',
    ],
    ['an entry that nothing makes', (pack) => Object.assign(move(pack, 'ask'), { log: 'effect' }), 'no effect makes'],
    ['a circle', (pack) => Object.assign(pack.procedures[0]!, { like: 'depot.loan' }), 'circle'],
  ])('%s', async (_, change, message) => {
    const pack = await depot(change);
    expect(() => parsePack(pack, 'test')).toThrow(message);
  });
});

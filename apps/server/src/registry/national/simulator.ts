/** Stands in for the national system in trial and demonstration; every answer says 模拟. Its book is a table of its own. */

import { dayOf, monthOf } from '../../kernel/calendar/calendar.ts';
import { type Database, sql, type Tx } from '../../kernel/db/db.ts';
import { systemActor } from '../../kernel/http/principal.ts';
import { nextNumber } from '../../kernel/numbers.ts';
import { formatCertificateCode } from '../identifiers.ts';
import type { RegistrySettings } from '../model.ts';
import { registryProblems } from '../problems.ts';
import type { NationalSystem } from './system.ts';

export const simulatorLimits = { codesPerMonthMax: 9999 } as const;

const note = '模拟：非国家数据产权登记服务系统出具，不具有登记效力';

export const nationalSimulator = (database: Database, settings: RegistrySettings): NationalSystem => {
  // Nothing that a simulator gives may look like a registration of a real province.
  if (!/^9[2-9]$/.test(settings.region)) throw new Error(`the simulator gives no codes of region ${settings.region}`);
  const once = <Answer extends object>(
    step: string,
    key: string,
    payload: object,
    make: (tx: Tx) => Promise<Answer>,
  ): Promise<Answer> =>
    database.tx(systemActor('national-simulator'), async (tx) => {
      const name = `${step}/${key}`;
      // Two calls of one key in a row, never at once.
      await tx.first(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
      const before = await tx.first<{ answer: Answer }>(sql`select answer from national_simulator where key = ${name}`);
      if (before) return before.answer;
      const answer = await make(tx);
      await tx.exec(sql`insert into national_simulator (key, node, market, participant, step, payload, answer, created_at)
        values (${name}, ${tx.tenancy.node}, ${tx.tenancy.market}, '', ${step}, ${JSON.stringify(payload)}, ${JSON.stringify(answer)}, ${tx.now})`);
      return answer;
    });

  const numbered = async (tx: Tx, word: string): Promise<string> => {
    const month = monthOf(tx.now);
    return `模拟${word}-${month}-${String(await nextNumber(tx, `national-simulator/${word}/${month}`)).padStart(6, '0')}`;
  };

  return {
    label: { zh: '国家登记系统（模拟）', en: 'National system (simulator)' },
    publishNotice: (key, payload) =>
      once('notice', key, payload, async (tx) => ({ number: await numbered(tx, '公示'), note })),
    depositEvidence: (key, payload) =>
      once('evidence', key, payload, async (tx) => ({
        number: await numbered(tx, '存证'),
        on: dayOf(tx.now),
        note,
      })),
    obtainCode: (key, payload) =>
      once('code', key, payload, async (tx) => {
        const [year, month] = dayOf(tx.now).split('-').map(Number) as [number, number];
        const { region, registrarDigit: registrar } = settings;
        const series = `certificate/${region}${registrar}/${year}${String(month).padStart(2, '0')}`;
        const serial = await nextNumber(tx, series);
        if (serial > simulatorLimits.codesPerMonthMax)
          throw registryProblems.codesExhausted({ detail: `${simulatorLimits.codesPerMonthMax}` });
        return { code: formatCertificateCode({ region, registrar, year, month, serial }), note };
      }),
  };
};

/** What the room is given; market, metering and members are known by functions only. */
import type { Logger } from 'pino';
import type { Calendar } from '../kernel/calendar/calendar.ts';
import type { Cases } from '../kernel/case/index.ts';
import type { Database, Reader } from '../kernel/db/db.ts';
import type { Issue } from '../kernel/issue/index.ts';
import type { ObjectStore } from '../kernel/objects.ts';
import type { RuleBook } from '../kernel/rulepack/rulebook.ts';
import type { BankSettings } from './bank.ts';

export interface Organisations {
  displayName(read: Reader, id: string): Promise<string>;
  displayNames(read: Reader, ids: readonly string[]): Promise<Map<string, string>>;
  organisation(
    read: Reader,
    id: string,
  ): Promise<{ attested: { creditCode: string; issuer: string; issuerName: string } | null } | undefined>;
  operatorOf(read: Reader): Promise<{ id: string; name: string }>;
  bankAccount(
    read: Reader,
    organisation: string,
  ): Promise<{ bankName: string; holder: string; account: string } | null>;
}

export interface SettlementDeps {
  database: Database;
  now(): Date;
  log: Logger;
  issue: Pick<Issue, 'paper' | 'specimen'>;
  objects: ObjectStore;
  ruleBook: Pick<RuleBook, 'current'>;
  calendar: Pick<Calendar, 'deadline'>;
  serve: Cases['serve'];
  organisations: Organisations;
  bank: BankSettings;
  /** This server’s own address for the bank’s callbacks once it listens, or '' to do with polling alone. */
  callbackBase(): string;
}

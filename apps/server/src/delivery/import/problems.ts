/** What can stand in the way of reading a supplier's database: answers of routes, and kept with an import for its supplier. */
import { ChildError } from '../../kernel/child/error.ts';
import { defineProblems, Problem } from '../../kernel/problem.ts';
import { type Trouble, troubleOf, wordsOf } from '../far/session.ts';

export const problems = defineProblems('delivery', {
  addressRefused: {
    status: 422,
    title: { zh: '不允许连接该地址', en: 'That address may not be connected to' },
    next: {
      zh: '使用公网地址，或请运营方放行该内网地址',
      en: 'Use a public address, or ask the operator to open the private one',
    },
  },
  databaseUnreachable: {
    status: 422,
    title: { zh: '数据库无法连接或连接中断', en: 'The database cannot be reached, or the connection broke' },
    next: { zh: '检查地址、端口、加密方式与防火墙', en: 'Look at address, port, encryption and firewalls' },
  },
  databaseLogin: {
    status: 422,
    title: { zh: '数据库拒绝登录', en: 'The database refuses the login' },
    next: { zh: '检查库名、用户与密码', en: 'Look at database, user and password' },
  },
  databaseRights: {
    status: 422,
    title: { zh: '数据库用户缺少权限', en: 'The database user lacks a right' },
    next: {
      zh: '授予该模式的 USAGE 与该表的 SELECT 权限',
      en: 'Grant it USAGE on the schema and SELECT on the table',
    },
  },
  databaseBusy: {
    status: 422,
    title: { zh: '数据库资源不足或正在关闭', en: 'The database lacks room, or is shutting down' },
    next: { zh: '稍后再试', en: 'Try again later' },
  },
  foreignTableGone: {
    status: 422,
    title: { zh: '数据库中没有该表或视图', en: 'The database has no such table or view' },
    next: { zh: '重新选择表', en: 'Choose a table again' },
  },
  foreignColumnGone: {
    status: 422,
    title: { zh: '表中没有所选字段', en: 'The table lacks a chosen column' },
    next: { zh: '重新选择字段', en: 'Choose the columns again' },
  },
  foreignColumnType: {
    status: 422,
    title: { zh: '字段类型无法导入', en: 'Values of a column’s type cannot be imported' },
    next: { zh: '不选该字段，或建视图把它转换为文本', en: 'Leave it out, or make a view that turns it into text' },
  },
  foreignValue: {
    status: 422,
    title: { zh: '字段中有无法导入的值', en: 'A column holds values that cannot be imported' },
    next: {
      zh: '改正这些值，或建视图把它转换为文本',
      en: 'Correct them, or make a view that turns the column into text',
    },
  },
  foreignTooLarge: {
    status: 422,
    title: { zh: '表超过可导入的大小', en: 'The table is larger than may be imported' },
    next: { zh: '少选字段，或建视图只取需要的行', en: 'Choose fewer columns, or make a view of the rows needed' },
  },
  foreignTooSlow: {
    status: 422,
    title: { zh: '数据库在限定时间内没有读完', en: 'The database did not finish in the time that it is given' },
    next: { zh: '改用表或物化视图，或避开繁忙时段', en: 'Use a table or a materialised view, or a quieter hour' },
  },
  importInterrupted: {
    status: 422,
    title: { zh: '导入被中断', en: 'The import was interrupted' },
    next: { zh: '再导入一次；仍不成功请联系运营方', en: 'Import again; ask the operator if that does not help' },
  },
  connectionsFull: {
    status: 409,
    title: { zh: '数据库连接数量达到上限', en: 'There are as many databases as there may be' },
    next: { zh: '先移除不用的连接', en: 'Remove those that are not used' },
  },
  connectionRemoved: {
    status: 409,
    title: { zh: '数据库连接已移除', en: 'The database was given up' },
    next: { zh: '新增连接后再导入', en: 'Name it again, then import' },
  },
  importRunning: {
    status: 409,
    title: { zh: '该资源正在导入', en: 'An import into this resource is under way' },
    next: { zh: '等待完成，或先停止', en: 'Wait for it, or stop it first' },
  },
  importEnded: {
    status: 409,
    title: { zh: '该次导入已结束', en: 'The import has ended' },
    next: { zh: '如仍需要，请再导入一次', en: 'Import again if it is still needed' },
  },
});

const troubles: Record<Trouble, (more: { detail: string }) => Problem> = {
  addressRefused: problems.addressRefused,
  databaseUnreachable: problems.databaseUnreachable,
  databaseLogin: problems.databaseLogin,
  databaseRights: problems.databaseRights,
  databaseBusy: problems.databaseBusy,
};

/** Whatever went wrong on the way, in words for its supplier. */
export const problemOf = (error: unknown): Problem => {
  if (error instanceof Problem) return error;
  // Ours, not the database's.
  if (error instanceof ChildError) return problems.importInterrupted({ detail: error.code });
  const { code = '' } = error as { code?: string };
  const detail = wordsOf(error);
  if (code === '57014') return problems.foreignTooSlow({ detail });
  if (code === '42P01') return problems.foreignTableGone({ detail });
  if (code === '42703') return problems.foreignColumnGone({ detail });
  if (/^22/.test(code)) return problems.foreignValue({ detail });
  return troubles[troubleOf(error)]({ detail });
};

/** Another try may do. */
export const isPassing = ({ code }: Problem): boolean =>
  ['delivery.databaseUnreachable', 'delivery.databaseBusy', 'delivery.importInterrupted'].includes(code);

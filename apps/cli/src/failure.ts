/** What went wrong, in one line that says where: network failures hide theirs in a chain of causes. */
import { ProblemError } from '@shugu/wire';
import type { Context } from './command.ts';

const causeOf = (error: Error): NodeJS.ErrnoException | undefined => {
  for (let one = error.cause; one instanceof Error; one = one.cause)
    if ((one as NodeJS.ErrnoException).code) return one as NodeJS.ErrnoException;
  return undefined;
};

/** True where nobody answered, or stopped answering in the middle. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof TypeError && (error.message === 'fetch failed' || error.message === 'terminated');

/** What BackupProblem's codes say; its text names the file or table and is English. */
const backupTitles: Record<string, string> = {
  'backup.not_a_backup': '这不是备份文件，或文件不完整',
  'backup.damaged': '备份已损坏',
  'backup.too_new': '备份由更新版本的程序所写，请先升级',
  'backup.not_empty': '目标不为空，未作改动',
  'backup.secret_missing': '备份不含节点密钥',
  'backup.passphrase_wrong': '口令不对或过短',
  'backup.no_data': '此处没有节点数据',
  'backup.path_too_long': '文件名过长',
  'backup.witness_unknown': '没有这样的见证方',
  'backup.witness_silent': '见证方没有应答',
  'backup.witness_note': '所给检查点不能证明什么',
};

const backupReason = (error: Error, language: Context['language']): string | undefined => {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (!code.startsWith('backup.')) return undefined;
  const text = error.message.replace(`${code}: `, '');
  const title = backupTitles[code];
  return language === 'zh' && title ? `${title}（${text}）` : text;
};

export const reasonOf = (error: unknown, language: Context['language']): string => {
  if (isUnreachable(error)) {
    const code = causeOf(error as Error)?.code;
    return `${language === 'zh' ? '交易所没有应答' : 'the exchange does not answer'}${code ? ` (${code})` : ''}`;
  }
  if (error instanceof ProblemError) {
    const { title, next } = error.problem[language];
    const fields = error.problem.errors?.map((fault) => `${fault.field}: ${fault.message}`).join('; ');
    return `${title} [${error.problem.code}]${error.problem.detail ? ` ${error.problem.detail}` : ''}${fields ? ` (${fields})` : ''}${
      next ? (language === 'zh' ? `。${next}` : `. ${next}`) : ''
    }`;
  }
  return error instanceof Error ? (backupReason(error, language) ?? error.message) : String(error);
};

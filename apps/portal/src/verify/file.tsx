/** A bundle or a month's receipts, handed in as a file and checked one claim after the other. */
import { verifyFile, verifyFileCharactersMax } from '@shugu/wire/kernel';
import { Alert } from 'antd';
import { useState } from 'react';
import { type Reply, useWrite } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { beijing, bytes, count } from '../ui/format.ts';
import { Facts } from '../ui/frame.tsx';
import { ProblemNote } from '../ui/problem.tsx';
import { TextFile } from '../ui/text-file.tsx';

type Verdict = Reply<typeof verifyFile>;

const namesMax = 3;

const Uses = ({ of }: { of: NonNullable<Verdict['receipts']> }) => {
  const { t } = useWords();
  const few = (ids: string[]) => (
    <span className="mono">
      {ids.slice(0, namesMax).join(' ')}
      {ids.length > namesMax ? ` … (${count(ids.length)})` : ''}
    </span>
  );
  return (
    <div style={{ margin: '14px 0' }}>
      <Facts
        items={[
          [t('receipt.grant'), few([of.grant])],
          [t('receipt.contract'), few(of.contracts)],
          [t('receipt.product'), few(of.products)],
          [t('receipt.period'), t('receipt.fromUntil', { from: beijing(of.from), until: beijing(of.until) })],
          of.firstAt && of.lastAt && [t('receipt.uses'), `${beijing(of.firstAt)} – ${beijing(of.lastAt)}`],
          [
            t('receipt.total'),
            t(of.incompleteCalls ? 'receipt.sumCut' : 'receipt.sum', {
              receipts: count(of.receipts),
              calls: count(of.calls),
              cut: count(of.incompleteCalls),
              rows: count(of.rows),
              bytes: bytes(of.bytes),
            }),
          ],
        ]}
      />
      {of.complete ? null : <Alert type="warning" showIcon title={t('receipt.more')} />}
    </div>
  );
};

const VerdictView = ({ of }: { of: Verdict }) => {
  const { t, b, language } = useWords();
  return (
    <>
      <Alert
        type={of.ok ? 'success' : 'error'}
        showIcon
        title={`${b(of.title)}${language === 'zh' ? '：' : ': '}${t(of.ok ? 'verify.holds' : 'verify.holdsNot')}`}
        description={of.number}
      />
      {of.receipts ? <Uses of={of.receipts} /> : null}
      <ol>
        {of.checks.map((one) => (
          <li key={one.id}>
            <b className={one.ok ? undefined : 'late'}>{one.ok ? '✓' : '✗'}</b> {one[language]}
          </li>
        ))}
      </ol>
      <p className="quiet small">{b(of.notice)}</p>
      {of.withdrawn ? <Alert type="error" showIcon title={t('verify.withdrawn')} /> : null}
    </>
  );
};

export const ByFile = () => {
  const { t } = useWords();
  const [large, setLarge] = useState(false);
  const check = useWrite(verifyFile);
  const take = (text: string | undefined) => {
    check.reset();
    setLarge(text === undefined);
    if (text !== undefined) check.mutate({ body: { file: text } });
  };
  return (
    <>
      <p className="quiet">{t('verify.fileText')}</p>
      <TextFile charactersMax={verifyFileCharactersMax} loading={check.isPending} onText={take} />
      <div style={{ marginTop: 16 }}>
        {large ? <Alert type="warning" showIcon title={t('verify.large')} description={t('verify.largeText')} /> : null}
        {check.error ? <ProblemNote error={check.error} /> : null}
        {check.data ? <VerdictView of={check.data} /> : null}
      </div>
    </>
  );
};

/** A bundle or a month's receipts, handed in as a file and checked one claim after the other. */
import { verifyFile, verifyFileCharactersMax } from '@shugu/wire/kernel';
import { Alert, Button } from 'antd';
import { useRef, useState } from 'react';
import { type Reply, useWrite } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { beijing, bytes, count } from '../ui/format.ts';
import { Facts } from '../ui/frame.tsx';
import { ProblemNote } from '../ui/problem.tsx';

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
  const input = useRef<HTMLInputElement>(null);
  const [large, setLarge] = useState(false);
  const check = useWrite(verifyFile);
  const take = async (file: File | undefined) => {
    if (!file) return;
    check.reset();
    const text = file.size > 4 * verifyFileCharactersMax ? undefined : await file.text();
    const tooLarge = text === undefined || text.length > verifyFileCharactersMax;
    setLarge(tooLarge);
    if (!tooLarge) check.mutate({ body: { file: text } });
  };
  return (
    <>
      <p className="quiet">{t('verify.fileText')}</p>
      <input
        ref={input}
        hidden
        type="file"
        accept=".json,application/json"
        onChange={(event) => {
          void take(event.target.files?.[0]);
          // The same file again, mended or not, is looked at again.
          event.target.value = '';
        }}
      />
      <Button type="primary" loading={check.isPending} onClick={() => input.current?.click()}>
        {t('verify.pickFile')}
      </Button>
      <div style={{ marginTop: 16 }}>
        {large ? <Alert type="warning" showIcon title={t('verify.large')} description={t('verify.largeText')} /> : null}
        {check.error ? <ProblemNote error={check.error} /> : null}
        {check.data ? <VerdictView of={check.data} /> : null}
      </div>
    </>
  );
};

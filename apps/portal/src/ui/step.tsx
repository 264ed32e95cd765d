/** What comes next and who acts: on every object with a state. */
import { Tag } from 'antd';
import type { ReactNode } from 'react';
import { useWords } from '../i18n/index.ts';

export const NextStep = ({
  who,
  text,
  mine,
  done,
  children,
}: {
  who?: string;
  text: string;
  mine?: boolean;
  done?: boolean;
  children?: ReactNode;
}) => {
  const { t } = useWords();
  return (
    <div className={`next-step${done ? ' done' : mine ? ' mine' : ''}`} role="status">
      <div>
        <b>{done ? t('step.ended') : mine ? t('step.mine') : t('step.next')}</b>
        {who && !done ? <> · {who}</> : null} — {text}
      </div>
      {children ? (
        <div className="row" style={{ marginTop: 8 }}>
          {children}
        </div>
      ) : null}
    </div>
  );
};

const good = new Set([
  'active',
  'listed',
  'effective',
  'accepted',
  'settled',
  'done',
  'approved',
  'passed',
  'published',
  'ready',
  'enabled',
  'completed',
  'delivered',
  'registered',
  'executed',
  'paid',
  'matched',
  'closed',
  'online',
  'recognised',
  'bought',
  'FINALIZED',
  'STARTED',
  'COMPLETED',
]);
const bad = new Set([
  'refused',
  'rejected',
  'failed',
  'dead',
  'suspended',
  'frozen',
  'objected',
  'withdrawn',
  'terminated',
  'terminatedForced',
  'basisEnded',
  'expired',
  'disabled',
  'difference',
  'revoked',
  'lapsed',
  'expelled',
  'alarm',
  'proofFails',
  'peerUnknown',
  'peerEnded',
  'TERMINATED',
]);

/** A state in words; colour only helps. */
export const StateTag = ({ list, state, text }: { list?: string; state: string; text?: string }) => {
  const { w } = useWords();
  return (
    <Tag color={good.has(state) ? 'success' : bad.has(state) ? 'error' : undefined}>
      {text ?? w(list ?? 'state', state)}
    </Tag>
  );
};

import { Tag } from 'antd';
import { useWords } from '../i18n/index.ts';
import { StateTag } from '../ui/step.tsx';
import type { Process } from './process.ts';

/** Of a negotiation or transfer; without one until the counter-party has acknowledged its first message. */
export const ProcessState = ({ of: { state } }: { of: Pick<Process, 'state'> }) => {
  const { t } = useWords();
  return state ? <StateTag list="processState" state={state} /> : <Tag>{t('process.unacknowledged')}</Tag>;
};

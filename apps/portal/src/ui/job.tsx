/** How far a job is, in place. */
import { jobRead } from '@shugu/wire/kernel';
import { Progress } from 'antd';
import { useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';

export const JobProgress = ({ id }: { id: string }) => {
  const { b, w } = useWords();
  const read = useRead(jobRead, { params: { id } }, { every: 1500 });
  if (!read.data) return null;
  const { title, progress, state, note, failure } = read.data;
  return (
    <div role="status" className="small">
      {b(title)} · {w('jobState', state)}
      <Progress
        percent={Math.round(progress * 100)}
        size="small"
        status={state === 'dead' ? 'exception' : undefined}
        aria-label={b(title)}
      />
      <span className={failure ? 'late' : 'quiet'}>{failure ?? note}</span>
    </div>
  );
};

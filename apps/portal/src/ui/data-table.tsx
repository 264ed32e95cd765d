/** antd's table in a box that scrolls sideways and that the keyboard can reach. */
import { Table, type TableProps } from 'antd';
import { useWords } from '../i18n/index.ts';

export function DataTable<R extends object>({ label, ...props }: TableProps<R> & { label?: string }) {
  const { t } = useWords();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard.
    <section className="scroll" tabIndex={0} aria-label={label ?? t('table.data')}>
      <Table<R> {...props} size="small" />
    </section>
  );
}

/** Said wherever a listing is shown that is not for everybody. */
import type { readListing } from '@shugu/wire/market';
import { Link } from '@tanstack/react-router';
import { Alert } from 'antd';
import type { Reply } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { paths } from '../paths.ts';

export const MembersOnly = ({ of }: { of: Reply<typeof readListing>['space'] }) => {
  const { t, b } = useWords();
  return of ? (
    <Alert
      type="info"
      showIcon
      style={{ marginBottom: 16 }}
      title={
        <>
          {t('product.membersOnly')} <Link to={paths.space(of.id)}>{b(of.name)}</Link>
        </>
      }
    />
  ) : null;
};

import { useWords } from '../i18n/index.ts';
import { ProductTiles } from '../market/tiles.tsx';
import { Empty } from '../ui/empty.tsx';
import { Page } from '../ui/frame.tsx';

export default function Products() {
  const { t } = useWords();
  return (
    <Page title={t('menu.products')}>
      <ProductTiles query={{ limit: 20 }} empty={<Empty title={t('shop.empty')}>{t('shop.emptyText')}</Empty>} />
    </Page>
  );
}

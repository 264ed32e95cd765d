import { createProduct } from '@shugu/wire/catalogue';
import { useNavigate } from '@tanstack/react-router';
import { useWords } from '../i18n/index.ts';
import { newProductForm, productBody } from '../market/product-fields.tsx';
import { paths } from '../paths.ts';
import { SendForm } from '../ui/action.tsx';
import { Page, Sheet } from '../ui/frame.tsx';

export default function NewProduct() {
  const { t } = useWords();
  const navigate = useNavigate();
  return (
    <Page title={t('desk.newProduct')} lead={t('products.newLead')}>
      <Sheet>
        <SendForm
          endpoint={createProduct}
          label={t('products.create')}
          fields={newProductForm}
          initial={{ kind: 'dataset', language: 'zh', updateCycle: 'monthly' }}
          input={(values) => ({ body: productBody(values) as never })}
          after={(reply) => navigate({ to: paths.ownProduct(reply.id) })}
        />
      </Sheet>
    </Page>
  );
}

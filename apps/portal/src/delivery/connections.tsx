/** Databases that the exchange may read for a supplier: named once, checked, given up. */
import { checkConnection, createConnection, listConnections, removeConnection } from '@shugu/wire/delivery';
import { type Reply, useRead } from '../api.ts';
import { useWords } from '../i18n/index.ts';
import { Action } from '../ui/action.tsx';
import { Empty } from '../ui/empty.tsx';
import { field } from '../ui/fields.tsx';
import { Loaded, Sheet } from '../ui/frame.tsx';
import { addressInitial, loginFields, placeFields } from './database-fields.tsx';
import { FarPlace } from './far-place.tsx';

type Connection = Reply<typeof listConnections>['items'][number];

const fields = [field('name', 'text', ['名称', 'Name'], { required: true }), ...placeFields, ...loginFields];

const Row = ({ one }: { one: Connection }) => {
  const { t } = useWords();
  const input = () => ({ params: { id: one.id }, body: {} as Record<string, never> });
  return (
    <FarPlace one={one}>
      <Action endpoint={checkConnection} label={t('push.check')} small done={t('import.checkDone')} input={input} />
      <Action
        endpoint={removeConnection}
        label={t('push.remove')}
        small
        danger
        explain={<p>{t('import.removeExplain')}</p>}
        input={input}
      />
    </FarPlace>
  );
};

export const NewConnection = ({ primary }: { primary?: boolean }) => {
  const { t } = useWords();
  return (
    <Action
      endpoint={createConnection}
      label={t('import.newConnection')}
      small={!primary}
      primary={primary}
      explain={<p>{t('import.secretExplain')}</p>}
      fields={fields}
      initial={addressInitial}
      input={(values) => ({ body: values as never })}
    />
  );
};

export const Connections = () => {
  const { t } = useWords();
  const read = useRead(listConnections, {});
  return (
    <Loaded of={read}>
      {({ items }) => (
        <Sheet title={t('import.connections')} extra={<NewConnection />}>
          {items.length === 0 ? (
            <Empty title={t('import.noConnections')}>{t('import.noConnectionsText')}</Empty>
          ) : (
            <ul className="card-list">
              {items.map((one) => (
                <Row key={one.id} one={one} />
              ))}
            </ul>
          )}
        </Sheet>
      )}
    </Loaded>
  );
};

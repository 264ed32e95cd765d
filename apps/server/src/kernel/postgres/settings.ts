/**
 * `full`: an acknowledged commit survives power loss. `test`: it survives a killed process, not a killed machine.
 */
export type Durability = 'full' | 'test';

/**
 * Breaks the promise "acknowledged means durable" on purpose, so that the crash suite can prove it would notice.
 * Turning fsync off alone is not enough: the kernel still holds what a killed process had written.
 */
export type Sabotage = 'late_commit';

/** Sessions the embedded server accepts; pools of server, gateway and command line share them. Tests get more. */
export const connectionsMax = 60;

/** Port number in the socket's file name; nothing listens on the network. */
export const socketPort = 5432;

const durabilitySettings: Record<Durability, Record<string, string>> = {
  full: {
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    shared_buffers: '256MB',
    max_connections: String(connectionsMax),
  },
  test: {
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'on',
    shared_buffers: '64MB',
    max_connections: '300',
    // Hundreds of databases live for seconds each: their sessions would plan every statement five times before they keep a plan.
    plan_cache_mode: 'force_generic_plan',
    // Everything lies in the cache already: workers that read ahead would only be woken.
    io_method: 'sync',
  },
};

const sabotageSettings: Record<Sabotage, Record<string, string>> = {
  late_commit: { fsync: 'off', synchronous_commit: 'off', wal_writer_delay: '10s', wal_writer_flush_after: '1GB' },
};

/** Settings of the embedded server, for a laptop or a small machine: about 330 MB with a busy pool and a market of 100,000 products. */
export function serverSettings(options: {
  socketDirectory: string;
  durability: Durability;
  sabotage?: Sabotage;
}): Record<string, string> {
  return {
    // The bundled OpenSSL is old: the server never opens a network port.
    listen_addresses: '',
    port: String(socketPort),
    unix_socket_directories: quotedListItem(options.socketDirectory),
    unix_socket_permissions: '0700',
    ssl: 'off',
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    effective_cache_size: '512MB',
    max_wal_size: '512MB',
    // Compiling costs more than it saves on the short statements of a trade.
    jit: 'off',
    TimeZone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'warning',
    // Statements and details of errors may carry personal data; they belong in no log file.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_line_prefix: '%m [%p] ',
    // Our own launcher keeps the log file, see server-process.ts.
    logging_collector: 'off',
    cluster_name: 'shugu',
    ...durabilitySettings[options.durability],
    ...(options.sabotage ? sabotageSettings[options.sabotage] : {}),
  };
}

/** Command line form, in the order given. */
export function settingArguments(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** The setting is a comma-separated list, so a path with a comma must be quoted. */
function quotedListItem(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}

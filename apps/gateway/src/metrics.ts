/** Counters in the text format of Prometheus; few enough to be written by hand. */

export class Metrics {
  private readonly answers = new Map<number, number>();
  private bytes = 0;
  private seconds = 0;

  onAnswer({ status, bytes, ms }: { status: number; bytes: number; ms: number }): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    this.bytes += bytes;
    this.seconds += ms / 1000;
  }

  text(gauges: Record<string, { help: string; value: number }>): string {
    const lines = [
      '# HELP shugu_gateway_answers_total Answers by status',
      '# TYPE shugu_gateway_answers_total counter',
      ...[...this.answers].map(([status, count]) => `shugu_gateway_answers_total{status="${status}"} ${count}`),
      '# HELP shugu_gateway_bytes_total Bytes written to callers',
      '# TYPE shugu_gateway_bytes_total counter',
      `shugu_gateway_bytes_total ${this.bytes}`,
      '# HELP shugu_gateway_seconds_total Time spent on answers',
      '# TYPE shugu_gateway_seconds_total counter',
      `shugu_gateway_seconds_total ${this.seconds.toFixed(3)}`,
    ];
    for (const [name, { help, value }] of Object.entries(gauges))
      lines.push(
        `# HELP shugu_gateway_${name} ${help}`,
        `# TYPE shugu_gateway_${name} gauge`,
        `shugu_gateway_${name} ${value}`,
      );
    return `${lines.join('\n')}\n`;
  }
}

// The common clock of a playback: one position on the part's time line for all players. It runs with the wall clock while
// playing, stands while anything that should play is not ready, and never leaves the part. Time is handed in.

export class StepClock {
  private base: number;
  private since: number | null = null;
  private wanted = false;
  private stalled = false;
  private speed = 1;

  constructor(
    private readonly from: number,
    private readonly to: number,
  ) {
    this.base = from;
  }

  get playing(): boolean {
    return this.wanted;
  }

  get waiting(): boolean {
    return this.wanted && this.stalled;
  }

  get rate(): number {
    return this.speed;
  }

  /** Room milliseconds at `now` of the page's clock. */
  at(now: number): number {
    const run = this.since === null ? 0 : (now - this.since) * this.speed;
    return Math.min(Math.max(this.base + run, this.from), this.to);
  }

  play(now: number): void {
    if (this.at(now) >= this.to) this.settle(now, this.from);
    this.wanted = true;
    this.run(now);
  }

  pause(now: number): void {
    this.wanted = false;
    this.run(now);
  }

  seek(position: number, now: number): void {
    this.settle(now, Math.min(Math.max(position, this.from), this.to));
  }

  setRate(rate: number, now: number): void {
    this.settle(now, this.at(now));
    this.speed = rate;
  }

  /** Something that should play now is not ready, or everything is again. */
  stall(is: boolean, now: number): void {
    if (is === this.stalled) return;
    this.stalled = is;
    this.run(now);
  }

  /** Stops at the end; true if it is there. */
  over(now: number): boolean {
    if (this.at(now) < this.to) return false;
    if (this.wanted) this.pause(now);
    return true;
  }

  private run(now: number): void {
    const at = this.at(now);
    this.base = at;
    this.since = this.wanted && !this.stalled ? now : null;
  }

  private settle(now: number, position: number): void {
    this.base = position;
    this.since = this.since === null ? null : now;
  }
}

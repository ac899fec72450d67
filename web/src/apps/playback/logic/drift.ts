// How one player is kept with the common clock. A small lead or lag is left alone, a larger one is worked off by playing
// a little slower or faster, a large one is jumped over. All times are milliseconds of the part.

export interface Player {
  /** Where its picture or sound is, on the part's time line. */
  readonly at: number;
  readonly paused: boolean;
  readonly seeking: boolean;
  /** It has something to show at `at`. */
  readonly ready: boolean;
  readonly rate: number;
}

export interface Correction {
  /** Jump there, or null. */
  readonly seek: number | null;
  readonly rate: number;
  readonly play: boolean;
}

/** In step: picture and sound of a seat may differ by so much (docs/spec/recording.md §6). */
export const IN_STEP = 40;
/** What was being worked off is worked off down to this. */
export const SETTLED = 10;
export const JUMP = 400;
/** Faster or slower by at most this, so that a voice stays a voice. */
export const MOST_BEND = 0.06;
/** The lag is worked off in about this time. */
const TAKES = 1_000;

/** What to do with a player that should be at `target` while the clock runs at `speed`, or stands (`running` false). */
export function correct(target: number, running: boolean, speed: number, player: Player): Correction {
  const behind = target - player.at;
  if (player.seeking) return { seek: null, rate: speed, play: running };
  if (!running) return { seek: Math.abs(behind) > IN_STEP ? target : null, rate: speed, play: false };
  if (Math.abs(behind) > JUMP) return { seek: target, rate: speed, play: true };
  const bending = player.rate !== speed;
  if (Math.abs(behind) <= (bending ? SETTLED : IN_STEP)) return { seek: null, rate: speed, play: true };
  const bend = Math.min(Math.max(behind / TAKES, -MOST_BEND), MOST_BEND);
  return { seek: null, rate: speed * (1 + bend), play: true };
}

/** Whether the clock has to wait for a player: only where it has something to play, and only while it cannot. */
export const holdsUp = (covered: boolean, player: Player): boolean => covered && (player.seeking || !player.ready);

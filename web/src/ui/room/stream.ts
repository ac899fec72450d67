// Hangs a track of the browser on a video or audio element: `v-stream="track"`. No address is made for it, so the
// content policy needs no exception.
import type { Directive } from "vue";

type Player = HTMLMediaElement & { qtTrack?: MediaStreamTrack | null };

function hang(player: Player, track: MediaStreamTrack | null | undefined): void {
  if (player.qtTrack === (track ?? null)) return;
  player.qtTrack = track ?? null;
  player.srcObject = track ? new MediaStream([track]) : null;
}

export const vStream: Directive<Player, MediaStreamTrack | null | undefined> = {
  mounted: (player, { value }) => hang(player, value),
  updated: (player, { value }) => hang(player, value),
  beforeUnmount: (player) => hang(player, null),
};

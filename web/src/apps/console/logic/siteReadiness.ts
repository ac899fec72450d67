// How ready each place of a campaign is for the people who are sent there.
import type { Booking, Checked } from "../../../api/bookings.ts";
import type { Campaign } from "../../../api/console.ts";

export interface PlaceReadiness {
  readonly place: string;
  /** The centre's name; null where nothing is booked. */
  readonly centre: string | null;
  /** People invited there; null before the letters are out: nobody may know it. */
  readonly people: number | null;
  readonly booked: number;
  /** Booked seats whose parts are all checked; null where nobody tells any more. */
  readonly ready: number | null;
  /** The centre's answer; `none`: nothing is booked at the venue of the plan, `waived`: two persons said so. */
  readonly state: string;
}

type Sent = Pick<Campaign, "plan" | "seats" | "state">;

export function readinessOf(campaign: Sent, booking: Booking | null, checked: readonly Checked[]): PlaceReadiness[] {
  const holds = booking !== null && booking.state !== "cancelled" ? booking : null;
  return campaign.plan.sites.map(({ site, venue }) => {
    const part = holds?.centres.find((one) => one.place === site && one.site === venue);
    const people = campaign.state === "proposed" ? null : campaign.seats.filter((one) => one.site === site).length;
    if (!holds || !part) {
      return { place: site, centre: null, people, booked: 0, ready: null, state: campaign.plan.unbooked === null ? "none" : "waived" };
    }
    const coming = checked.find((one) => one.booking === holds.id && one.site === part.site);
    const booked = part.seats.length;
    return { place: site, centre: part.name, people, booked, ready: coming ? booked - coming.unready : null, state: part.state };
  });
}

/** A place where somebody has to act before people come. */
export const lacking = (one: PlaceReadiness): boolean =>
  one.state !== "confirmed" || (one.people ?? 0) > one.booked || (one.ready !== null && one.ready < one.booked);

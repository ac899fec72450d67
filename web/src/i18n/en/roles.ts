// The word of each role, beside its colour, on tiles and on work passes (R19).
export default {
  expert: "Expert",
  owner: "Tenderee's representative",
  witness: "Witness",
  supervisor: "Supervisor",
  site: "Site staff",
  camera: "Room camera",
  bidder: "Bidder",
} as const;

// The English words of this page, as one piece to be fetched.
import room from "../../i18n/en/room.ts";
import seat from "../../i18n/en/seat.ts";

export default { ...seat, room };

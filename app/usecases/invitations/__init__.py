"""From the drawn draw to people who have accepted: plans, letters, answers, vacated seats, moves."""

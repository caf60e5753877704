import type { Event } from "../../generated/api";
import { When } from "../ui";

export function EventList({ events, links = true }: { events: Event[]; links?: boolean }) {
  if (!events.length) return <p class="dim">Nothing has happened yet.</p>;
  return (
    <ol class="events">
      {events.map((each) => (
        <li key={each.number}>
          <When at={each.created_at} />
          <span>{links && each.subject.startsWith("ep_") ? <a href={`/endpoints/${each.subject}`}>{each.message}</a> : each.message}
            {" "}<code class="dim">{each.type}</code></span>
        </li>
      ))}
    </ol>
  );
}

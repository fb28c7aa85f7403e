namespace Etcdish.Kubernetes.Control;

/// <summary>What an event is about and who tells it.</summary>
/// <param name="Component">Who tells.</param>
/// <param name="ApiVersion">Group and version of the object.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its uid.</param>
internal sealed record EventSubject(string Component, string ApiVersion, string Kind, string Namespace, string Name, string Uid)
{
    /// <summary>The part of the object that is meant; empty: all of it.</summary>
    public string FieldPath { get; init; } = "";
}

/// <summary>Something to tell.</summary>
/// <param name="Subject">About what, by whom.</param>
/// <param name="Type">Normal or Warning.</param>
/// <param name="Reason">What, in one word.</param>
/// <param name="Message">What, in a sentence.</param>
internal sealed record EventNews(EventSubject Subject, string Type, string Reason, string Message);

/// <summary>How an event is written: anew, or as one more of an event that is there.</summary>
/// <param name="Message">Its message.</param>
/// <param name="Entry">What is known of the event.</param>
internal sealed record EventWrite(string Message, EventEntry Entry);

/// <summary>An event that was written.</summary>
internal sealed class EventEntry
{
    /// <summary>Its name; empty before it is written.</summary>
    public string Name { get; set; } = "";

    /// <summary>How often it happened.</summary>
    public int Count { get; set; }

    /// <summary>When it first did.</summary>
    public DateTimeOffset First { get; init; }
}

/// <summary>
/// Keeps events from becoming a flood, by the rules and numbers of client-go: the same again is counted; of ten that differ only in their
/// messages within ten minutes the last becomes one that stands for all further ones; and of any one object a source tells 25 at a time and
/// then one every five minutes. For one thread.
/// </summary>
/// <param name="clock">The clock.</param>
internal sealed class EventCorrelator(TimeProvider clock)
{
    private const int Remembered = 4096;
    private const int SimilarBeforeCombined = 10;
    private const int Burst = 25;
    private const string CombinedPrefix = "(combined from similar events): ";
    private static readonly TimeSpan _similarWithin = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _refill = TimeSpan.FromMinutes(5);

    private readonly RecentlyUsed<EventNews, EventEntry> _entries = new(Remembered);
    private readonly RecentlyUsed<EventNews, Similar> _similar = new(Remembered);
    private readonly RecentlyUsed<EventSubject, Bucket> _buckets = new(Remembered);

    /// <summary>Says how an event is to be written; null: not at all.</summary>
    public EventWrite? Take(EventNews news)
    {
        var now = clock.GetUtcNow();
        var withoutMessage = news with { Message = "" };
        var isCombined = IsOneTooMany(withoutMessage, news.Message, now);
        var key = isCombined ? withoutMessage : news;
        if (!_entries.TryGet(key, out var entry))
        {
            entry = new EventEntry { First = now };
            _entries.Set(key, entry);
        }

        entry.Count++;
        return IsTooFast(news.Subject, now) ? null : new EventWrite(isCombined ? CombinedPrefix + news.Message : news.Message, entry);
    }

    private bool IsOneTooMany(EventNews withoutMessage, string message, DateTimeOffset now)
    {
        if (!_similar.TryGet(withoutMessage, out var similar) || now - similar.Last > _similarWithin)
        {
            similar = new Similar();
            _similar.Set(withoutMessage, similar);
        }

        similar.Last = now;
        if (similar.Messages.Count < SimilarBeforeCombined)
        {
            similar.Messages.Add(message);
        }

        return similar.Messages.Count >= SimilarBeforeCombined;
    }

    private bool IsTooFast(EventSubject subject, DateTimeOffset now)
    {
        if (!_buckets.TryGet(subject, out var bucket))
        {
            bucket = new Bucket { Tokens = Burst, Since = now };
            _buckets.Set(subject, bucket);
        }

        bucket.Tokens = Math.Min(Burst, bucket.Tokens + ((now - bucket.Since) / _refill));
        bucket.Since = now;
        if (bucket.Tokens < 1)
        {
            return true;
        }

        bucket.Tokens--;
        return false;
    }

    private sealed class Similar
    {
        public HashSet<string> Messages { get; } = [];

        public DateTimeOffset Last { get; set; }
    }

    private sealed class Bucket
    {
        public double Tokens { get; set; }

        public DateTimeOffset Since { get; set; }
    }
}

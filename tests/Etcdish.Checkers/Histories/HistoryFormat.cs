using System.Text.Json;
using System.Text.Json.Serialization;

namespace Etcdish.Checkers;

/// <summary>
/// Histories as text: one JSON object a line, with exactly one of the members <c>operation</c>, <c>watch</c> and <c>event</c> (of
/// the witness). Lines of one kind are in order; kinds may mix.
/// </summary>
public static class HistoryFormat
{
    private static readonly JsonSerializerOptions _options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        IgnoreReadOnlyProperties = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static void Write(History history, TextWriter writer)
    {
        foreach (Operation operation in history.Operations)
            writer.WriteLine(JsonSerializer.Serialize(new Line(Operation: operation), _options));
        foreach (WatchRecord watch in history.Watches)
            writer.WriteLine(JsonSerializer.Serialize(new Line(Watch: watch), _options));
        foreach (WatchEvent change in history.Witness)
            writer.WriteLine(JsonSerializer.Serialize(new Line(Event: change), _options));
    }

    /// <exception cref="InvalidDataException">A line is not of this format; the message holds its number.</exception>
    public static History Read(TextReader reader)
    {
        var operations = new List<Operation>();
        var watches = new List<WatchRecord>();
        var witness = new List<WatchEvent>();
        for (int number = 1; reader.ReadLine() is { } text; number++)
        {
            Line line = Parse(text, number);
            if (line.Operation is not null)
                operations.Add(line.Operation);
            if (line.Watch is not null)
                watches.Add(line.Watch);
            if (line.Event is not null)
                witness.Add(line.Event);
        }

        return new History(operations, watches, witness);
    }

    private static Line Parse(string text, int number)
    {
        try
        {
            return JsonSerializer.Deserialize<Line>(text, _options) ?? throw new InvalidDataException($"line {number} is null");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"line {number} of the history: {error.Message}", error);
        }
    }

    private sealed record Line(Operation? Operation = null, WatchRecord? Watch = null, WatchEvent? Event = null);
}

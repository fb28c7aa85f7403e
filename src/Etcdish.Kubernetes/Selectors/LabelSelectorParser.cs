namespace Etcdish.Kubernetes;

/// <summary>Reads the notation of query strings. Operators are words elsewhere: <c>in in (in)</c> is well formed.</summary>
internal sealed class LabelSelectorParser(string text)
{
    private const string Special = "=!(),<>";

    private int _position;
    private string _token = "";

    private bool IsAtEnd => _token.Length == 0;

    private bool IsWord => _token.Length > 0 && !Special.Contains(_token[0], StringComparison.Ordinal);

    public List<LabelRequirement> Parse()
    {
        var requirements = new List<LabelRequirement>();
        Next();
        while (!IsAtEnd)
        {
            if (!IsWord && _token != "!")
            {
                throw new SelectorException($"found '{_token}', expected: !, identifier, or 'end of string'");
            }

            requirements.Add(ParseRequirement());
            if (IsAtEnd)
            {
                break;
            }

            if (_token != ",")
            {
                throw new SelectorException($"found '{_token}', expected: ',' or 'end of string'");
            }

            Next();
            if (!IsWord && _token != "!")
            {
                throw new SelectorException($"found '{_token}', expected: identifier after ','");
            }
        }

        return requirements;
    }

    private LabelRequirement ParseRequirement()
    {
        try
        {
            return ParseRequirementCore();
        }
        catch (SelectorException fault)
        {
            throw new SelectorException($"unable to parse requirement: {fault.Message}");
        }
    }

    private LabelRequirement ParseRequirementCore()
    {
        var isNegated = _token == "!";
        if (isNegated)
        {
            Next();
        }

        var key = IsWord ? _token : throw new SelectorException($"found '{_token}', expected: identifier");
        Next();
        if (IsAtEnd || _token == ",")
        {
            return LabelRequirement.Create(key, isNegated ? LabelOperator.DoesNotExist : LabelOperator.Exists, []);
        }

        LabelRequirement.CheckKey(key);
        var found = _token;
        if (isNegated || found is not ("in" or "notin" or "=" or "==" or "!=" or ">" or "<"))
        {
            throw new SelectorException($"found '{found}', expected: in, notin, =, ==, !=, gt, lt");
        }

        Next();
        return found switch
        {
            "in" => LabelRequirement.Create(key, LabelOperator.In, ParseSet()),
            "notin" => LabelRequirement.Create(key, LabelOperator.NotIn, ParseSet()),
            "!=" => LabelRequirement.Create(key, LabelOperator.NotIn, [ParseValue()]),
            ">" => LabelRequirement.Create(key, LabelOperator.GreaterThan, [ParseValue()]),
            "<" => LabelRequirement.Create(key, LabelOperator.LessThan, [ParseValue()]),
            _ => LabelRequirement.Create(key, LabelOperator.In, [ParseValue()]),
        };
    }

    private string ParseValue()
    {
        if (IsAtEnd || _token == ",")
        {
            return "";
        }

        var value = IsWord ? _token : throw new SelectorException($"found '{_token}', expected: identifier");
        Next();
        return value;
    }

    /// <summary>Values in parentheses; a missing one is the empty string.</summary>
    private List<string> ParseSet()
    {
        if (_token != "(")
        {
            throw new SelectorException($"found '{_token}' expected: '('");
        }

        var values = new List<string>();
        do
        {
            Next();
            if (IsWord)
            {
                values.Add(_token);
                Next();
            }
            else
            {
                values.Add("");
            }
        }
        while (_token == ",");

        if (_token != ")")
        {
            throw new SelectorException($"found '{_token}', expected: ',' or ')'");
        }

        Next();
        return values;
    }

    private void Next()
    {
        while (_position < text.Length && text[_position] is ' ' or '\t' or '\r' or '\n')
        {
            _position++;
        }

        var start = _position;
        if (start == text.Length)
        {
            _token = "";
            return;
        }

        if (Special.Contains(text[start], StringComparison.Ordinal))
        {
            var two = text.AsSpan(start, Math.Min(2, text.Length - start));
            _position += two is "==" or "!=" ? 2 : 1;
        }
        else
        {
            var rest = text.AsSpan(start);
            var length = rest.IndexOfAny(Stops);
            _position += length < 0 ? rest.Length : length;
        }

        _token = text[start.._position];
    }

    private static System.Buffers.SearchValues<char> Stops { get; } = System.Buffers.SearchValues.Create(Special + " \t\r\n");
}

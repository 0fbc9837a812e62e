abs({a} - {b}) <= {tolerance}
